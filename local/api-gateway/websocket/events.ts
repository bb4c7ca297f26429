import { createId } from "../stage/ids.ts";
import type { RequestDetails } from "../stage/request.ts";
import { requestTime } from "../stage/request-time.ts";
import type { ConnectionInfo, DisconnectCause } from "./connection.ts";
import { arnOf, domainNameOf, type WebSocketStage } from "./stage.ts";

/** What differs between the events of one connection. */
interface EventOptions {
  routeKey: string;
  eventType: "CONNECT" | "MESSAGE" | "DISCONNECT";
  requestId: string;
  authorizer?: Readonly<Record<string, unknown>> | undefined;
  cause?: DisconnectCause;
}
export type RequestContext = Readonly<Record<string, unknown>>;

/** What every event says of its connection and of itself, in the order in which AWS was seen to print it. */
export function requestContext(
  stage: WebSocketStage,
  connection: ConnectionInfo,
  { routeKey, eventType, requestId, authorizer = connection.authorizer, cause }: EventOptions,
): RequestContext {
  const now = stage.ports.clock.now();
  return {
    routeKey,
    ...(authorizer ? { authorizer } : {}),
    ...(eventType === "MESSAGE" ? { messageId: createId() } : {}),
    ...(cause ? { disconnectStatusCode: cause.code } : {}),
    eventType,
    extendedRequestId: requestId,
    requestTime: requestTime(now),
    messageDirection: "IN",
    ...(cause ? { disconnectReason: cause.reason } : {}),
    stage: stage.api.stageName,
    connectedAt: connection.connectedAt,
    requestTimeEpoch: now,
    identity: connection.identity,
    requestId,
    domainName: domainNameOf(stage),
    connectionId: connection.id,
    apiId: stage.api.apiId,
  };
}

// Absent, not null or empty: API Gateway leaves a map without entries out of a WebSocket event.
const unlessEmpty = <K extends string, V extends object>(name: K, map: V) =>
  Object.keys(map).length > 0 ? ({ [name]: map } as Record<K, V>) : {};

// `Connection` and `Upgrade` reach the authorizer, but not the integration.
const hopHeaders = new Set(["connection", "upgrade"]);
const withoutHops = <V>(headers: Record<string, V>) =>
  Object.fromEntries(Object.entries(headers).filter(([name]) => !hopHeaders.has(name.toLowerCase())));

export const connectEvent = (stage: WebSocketStage, facts: RequestDetails, context: RequestContext) => ({
  headers: withoutHops(facts.headers),
  multiValueHeaders: withoutHops(facts.multiValueHeaders),
  ...unlessEmpty("queryStringParameters", facts.query),
  ...unlessEmpty("multiValueQueryStringParameters", facts.multiValueQuery),
  ...unlessEmpty("stageVariables", stage.api.stageVariables),
  requestContext: context,
  isBase64Encoded: false,
});

export const authorizerEvent = (stage: WebSocketStage, facts: RequestDetails, context: RequestContext) => ({
  type: "REQUEST",
  methodArn: arnOf(stage, "$connect"),
  headers: { ...facts.headers, "content-length": "0" },
  multiValueHeaders: { ...facts.multiValueHeaders, "content-length": ["0"] },
  queryStringParameters: facts.query,
  multiValueQueryStringParameters: facts.multiValueQuery,
  stageVariables: stage.api.stageVariables,
  requestContext: context,
});

export const messageEvent = (stage: WebSocketStage, body: string, context: RequestContext) => ({
  ...unlessEmpty("stageVariables", stage.api.stageVariables),
  requestContext: context,
  body,
  isBase64Encoded: false,
});

export function disconnectEvent(stage: WebSocketStage, context: RequestContext) {
  const headers = { Host: domainNameOf(stage), "x-api-key": "", "X-Forwarded-For": "", "x-restapi": "" };
  return {
    headers,
    multiValueHeaders: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, [value]])),
    ...unlessEmpty("stageVariables", stage.api.stageVariables),
    requestContext: context,
    isBase64Encoded: false,
  };
}
