import { createId } from "../stage/ids.ts";
import type { RequestDetails } from "../stage/request.ts";
import { requestTime } from "../stage/request-time.ts";
import type { CloseCause, ConnectionInfo } from "./connection.ts";
import { domainNameOf, stageArn, type WebSocketStage } from "./stage.ts";

/** The parts of `requestContext` that differ between the events of one connection. */
interface EventOptions {
  routeKey: string;
  eventType: "CONNECT" | "MESSAGE" | "DISCONNECT";
  requestId: string;
  /** @default the connection's authorizer context */
  authorizer?: Readonly<Record<string, unknown>> | undefined;
  /** Only for DISCONNECT. */
  cause?: CloseCause;
}
export type RequestContext = Readonly<Record<string, unknown>>;

/** The `requestContext` of an event. Its keys are in the order that was observed on AWS. */
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

// API Gateway leaves an empty map out of a WebSocket event; in a REST event it is null.
const unlessEmpty = <K extends string, V extends object>(name: K, map: V) =>
  Object.keys(map).length > 0 ? ({ [name]: map } as Record<K, V>) : {};

// `Connection` and `Upgrade` are passed to the authorizer, but not to the integration.
const hopHeaders = new Set(["connection", "upgrade"]);
const withoutHopHeaders = <V>(headers: Record<string, V>) =>
  Object.fromEntries(Object.entries(headers).filter(([name]) => !hopHeaders.has(name.toLowerCase())));

/** The event of `$connect`. */
export const connectEvent = (stage: WebSocketStage, details: RequestDetails, context: RequestContext) => ({
  headers: withoutHopHeaders(details.headers),
  multiValueHeaders: withoutHopHeaders(details.multiValueHeaders),
  ...unlessEmpty("queryStringParameters", details.query),
  ...unlessEmpty("multiValueQueryStringParameters", details.multiValueQuery),
  ...unlessEmpty("stageVariables", stage.api.stageVariables),
  requestContext: context,
  isBase64Encoded: false,
});

/** The event of a REQUEST authorizer. */
export const authorizerEvent = (stage: WebSocketStage, details: RequestDetails, context: RequestContext) => ({
  type: "REQUEST",
  methodArn: stageArn(stage, "$connect"),
  headers: { ...details.headers, "content-length": "0" },
  multiValueHeaders: { ...details.multiValueHeaders, "content-length": ["0"] },
  queryStringParameters: details.query,
  multiValueQueryStringParameters: details.multiValueQuery,
  stageVariables: stage.api.stageVariables,
  requestContext: context,
});

/** The event of a message, which has no headers. */
export const messageEvent = (stage: WebSocketStage, body: string, context: RequestContext) => ({
  ...unlessEmpty("stageVariables", stage.api.stageVariables),
  requestContext: context,
  body,
  isBase64Encoded: false,
});

/** The event of `$disconnect`. */
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
