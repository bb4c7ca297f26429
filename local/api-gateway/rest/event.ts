import { randomUUID } from "node:crypto";
import { createId } from "../stage/ids.ts";
import type { RequestDetails } from "../stage/request.ts";
import { requestTime } from "../stage/request-time.ts";
import type { RestApi } from "./api-spec.ts";
import type { Match } from "./match-resource.ts";

export interface RestRequest {
  api: RestApi;
  region: string;
  accountId: string;
  httpMethod: string;
  facts: RequestDetails;
  /** Without the stage. */
  path: string;
  now: number;
  apiKey: { id: string; value: string } | undefined;
  userArn: string | undefined;
}

/** The REST event's requestContext; keys that need a method are left out where none was found. */
export function restContext(request: RestRequest, match: Match | undefined): Record<string, unknown> {
  const { api, region, accountId, httpMethod, facts, now, apiKey, userArn } = request;
  return {
    ...(match ? { resourceId: match.resource.id, resourcePath: match.resource.path } : {}),
    ...(match?.method.operationName === undefined ? {} : { operationName: match.method.operationName }),
    httpMethod,
    extendedRequestId: createId(),
    requestTime: requestTime(now),
    path: facts.path,
    accountId,
    protocol: "HTTP/1.1",
    stage: api.stageName,
    domainPrefix: api.apiId,
    requestTimeEpoch: now,
    requestId: randomUUID(),
    identity: {
      cognitoIdentityPoolId: null,
      accountId: userArn === undefined ? null : accountId,
      cognitoIdentityId: null,
      caller: null,
      sourceIp: facts.sourceIp,
      principalOrgId: null,
      accessKey: null,
      cognitoAuthenticationType: null,
      cognitoAuthenticationProvider: null,
      userArn: userArn ?? null,
      userAgent: facts.userAgent ?? null,
      user: null,
      ...(apiKey ? { apiKey: apiKey.value, apiKeyId: apiKey.id } : {}),
    },
    domainName: `${api.apiId}.execute-api.${region}.amazonaws.com`,
    deploymentId: api.deploymentId,
    apiId: api.apiId,
  };
}

/** Payload format 1.0. Maps without entries are null here, unlike in the events of a WebSocket. */
export const restEvent = (
  { api, httpMethod, facts, path }: RestRequest,
  { resource, pathParameters }: Match,
  context: Record<string, unknown>,
  body: Buffer,
) => ({
  resource: resource.path,
  path,
  httpMethod,
  headers: facts.headers,
  multiValueHeaders: facts.multiValueHeaders,
  queryStringParameters: orNull(facts.query),
  multiValueQueryStringParameters: orNull(facts.multiValueQuery),
  pathParameters,
  stageVariables: orNull(api.stageVariables),
  requestContext: context,
  // Without binaryMediaTypes a body is text, and bytes that are not UTF-8 are lost.
  body: body.length > 0 ? body.toString("utf8") : null,
  isBase64Encoded: false,
});

const orNull = <T extends object>(map: T): T | null => (Object.keys(map).length > 0 ? map : null);
