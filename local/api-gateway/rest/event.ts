import { randomUUID } from "node:crypto";
import { createId } from "../stage/ids.ts";
import type { RequestDetails } from "../stage/request.ts";
import { requestTime } from "../stage/request-time.ts";
import type { RestApi } from "./api-spec.ts";
import type { Match } from "./match-resource.ts";

/** A request to a REST stage. */
export interface RestRequest {
  api: RestApi;
  region: string;
  accountId: string;
  httpMethod: string;
  details: RequestDetails;
  /** Without the stage. */
  path: string;
  /** When it arrived, in milliseconds since 1970. */
  now: number;
  /** Set once an API key was accepted. */
  apiKey: { id: string; value: string } | undefined;
  /** Set once a signature was accepted. */
  userArn: string | undefined;
}

/**
 * The event's `requestContext`, also for mapping templates (`$context`).
 *
 * @param match without a match the keys of resource and method are absent
 */
export function restContext(request: RestRequest, match: Match | undefined): Record<string, unknown> {
  const { api, region, accountId, httpMethod, details, now } = request;
  return {
    ...(match ? { resourceId: match.resource.id, resourcePath: match.resource.path } : {}),
    ...(match?.method.operationName === undefined ? {} : { operationName: match.method.operationName }),
    httpMethod,
    extendedRequestId: createId(),
    requestTime: requestTime(now),
    path: details.path,
    accountId,
    protocol: "HTTP/1.1",
    stage: api.stageName,
    domainPrefix: api.apiId,
    requestTimeEpoch: now,
    requestId: randomUUID(),
    identity: restIdentity(request),
    domainName: `${api.apiId}.execute-api.${region}.amazonaws.com`,
    deploymentId: api.deploymentId,
    apiId: api.apiId,
  };
}

const restIdentity = ({ accountId, details, apiKey, userArn }: RestRequest) => ({
  cognitoIdentityPoolId: null,
  accountId: userArn === undefined ? null : accountId,
  cognitoIdentityId: null,
  caller: null,
  sourceIp: details.sourceIp,
  principalOrgId: null,
  accessKey: null,
  cognitoAuthenticationType: null,
  cognitoAuthenticationProvider: null,
  userArn: userArn ?? null,
  userAgent: details.userAgent ?? null,
  user: null,
  ...(apiKey ? { apiKey: apiKey.value, apiKeyId: apiKey.id } : {}),
});

/**
 * The event of a proxy integration, payload format 1.0. Empty maps are `null`; in a WebSocket event they are absent.
 */
export const restEvent = (
  { api, httpMethod, details, path }: RestRequest,
  { resource, pathParameters }: Match,
  context: Record<string, unknown>,
  body: Buffer,
) => ({
  resource: resource.path,
  path,
  httpMethod,
  headers: details.headers,
  multiValueHeaders: details.multiValueHeaders,
  queryStringParameters: nullIfEmpty(details.query),
  multiValueQueryStringParameters: nullIfEmpty(details.multiValueQuery),
  pathParameters,
  stageVariables: nullIfEmpty(api.stageVariables),
  requestContext: context,
  // Without binaryMediaTypes a body is text: bytes that are not UTF-8 are replaced.
  body: body.length > 0 ? body.toString("utf8") : null,
  isBase64Encoded: false,
});

const nullIfEmpty = <T extends object>(map: T): T | null => (Object.keys(map).length > 0 ? map : null);

/**
 * ARN of a method, for permissions.
 *
 * @param path of the request or the resource, with a leading slash
 */
export const methodArn = ({ api, region, accountId, httpMethod }: RestRequest, path: string) =>
  `arn:aws:execute-api:${region}:${accountId}:${api.apiId}/${api.stageName}/${httpMethod}${path}`;
