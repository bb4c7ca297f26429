import type { IncomingMessage, ServerResponse } from "node:http";
import { strikes } from "../../world/faults.ts";
import { authenticate } from "../stage/authenticate.ts";
import { isWellFormedId } from "../stage/ids.ts";
import { type HttpResponse, readBody, send } from "../stage/response.ts";
import { maxMessageBytes, stageArn, type WebSocketStage } from "./stage.ts";

const responses = {
  ok: { status: 200 },
  forbidden: errorResponse(403, "ForbiddenException", "Forbidden"),
  gone: { status: 410, errorType: "GoneException" },
  tooLarge: errorResponse(413, "PayloadTooLargeException", "Message too long"),
  tooManyRequests: errorResponse(429, "LimitExceededException", "Too Many Requests"),
  failed: errorResponse(500, "InternalServerErrorException", "Internal server error"),
} satisfies Record<string, HttpResponse>;

function errorResponse(status: number, errorType: string, message: string): HttpResponse {
  return { status, errorType, body: JSON.stringify({ message }) };
}

/**
 * Serves the @connections API of a stage: PostToConnection, GetConnection and DeleteConnection.
 *
 * @param encodedId the connection id as in the path; it is decoded once
 */
export async function serveConnectionsApi(
  stage: WebSocketStage,
  encodedId: string,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const body = await readBody(request, maxMessageBytes);
  const trace = request.headers["x-amzn-trace-id"]?.toString();
  const result = await stage.ports.invocations.serve(trace, `execute-api:${request.method}`, () =>
    serveRequest(stage, decodeOnce(encodedId), request, body),
  );
  if (result) send(response, result);
}

/** @returns `undefined` for a request that gets no response */
async function serveRequest(
  stage: WebSocketStage,
  id: string,
  request: IncomingMessage,
  body: Buffer | undefined,
): Promise<HttpResponse | undefined> {
  const method = request.method ?? "";
  if (!["POST", "GET", "DELETE"].includes(method)) return responses.forbidden;
  if (!body) return responses.tooLarge;
  const authentication = await authenticate(request, body, { iam: stage.ports.iam, region: stage.region });
  if (!authentication.ok) return authentication.response;
  const resource = stageArn(stage, `${method}/@connections/${id}`);
  const denial = stage.ports.iam.denial(authentication.principal, "execute-api:ManageConnections", resource);
  if (denial !== undefined) return errorResponse(403, "ForbiddenException", denial);
  if (!stage.limits.takeRequest()) return responses.tooManyRequests;
  if (!isWellFormedId(id)) return errorResponse(400, "BadRequestException", `Invalid connectionId: ${id}`);
  if (method === "POST") return postToConnection(stage, id, body);
  return method === "GET" ? getConnection(stage, id) : deleteConnection(stage, id);
}

async function postToConnection(stage: WebSocketStage, id: string, body: Buffer): Promise<HttpResponse | undefined> {
  const { faults, clock } = stage.ports;
  if (strikes(faults, faults.slowPosts, id)) {
    await new Promise<void>((resolve) => clock.setTimeout(resolve, faults.slowPostMs));
  }
  if (strikes(faults, faults.hangingPosts, id)) return undefined;
  if (strikes(faults, faults.throttledPosts, id)) return responses.tooManyRequests;
  if (strikes(faults, faults.failingPosts, id)) return responses.failed;
  const connection = stage.connections.get(id);
  if (!connection) return responses.gone;
  if (faults.halfOpen.has(id)) {
    connection.recordActivity();
    return responses.ok;
  }
  if (connection.isSlow) return responses.tooManyRequests;
  if (!strikes(faults, faults.lostPosts, id)) connection.send(body);
  return strikes(faults, faults.goneButDelivered, id) ? responses.gone : responses.ok;
}

function getConnection(stage: WebSocketStage, id: string): HttpResponse {
  const connection = stage.connections.get(id);
  if (!connection) return responses.gone;
  const { connectedAt, identity } = connection.info;
  return {
    status: 200,
    body: JSON.stringify({
      connectedAt: new Date(connectedAt).toISOString(),
      identity: { sourceIp: identity.sourceIp, userAgent: identity.userAgent },
      lastActiveAt: new Date(connection.lastActiveAt).toISOString(),
    }),
  };
}

function deleteConnection(stage: WebSocketStage, id: string): HttpResponse {
  const connection = stage.connections.get(id);
  if (!connection) return responses.gone;
  connection.close({ code: 1000, reason: "Connection Closed Normally" });
  return { status: 204 };
}

function decodeOnce(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}
