import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import type { WebSocket } from "ws";
import { readProxyResult } from "../integration/proxy-result.ts";
import { createId } from "../stage/ids.ts";
import { headerOf, type RequestDetails, readRequest } from "../stage/request.ts";
import { type HttpResponse, sendOnSocket } from "../stage/response.ts";
import type { Route } from "./api-spec.ts";
import { authorize } from "./authorize.ts";
import type { ConnectionInfo } from "./connection.ts";
import { connectionLost, runDisconnectRoute } from "./disconnect.ts";
import { connectEvent, requestContext } from "./events.ts";
import { errorFrame } from "./route-message.ts";
import { runIntegration } from "./run-integration.ts";
import { domainNameOf, type WebSocketStage } from "./stage.ts";

/** An upgrade request and its socket, as Node.js passes them to an `upgrade` listener. */
export interface Handshake {
  request: IncomingMessage;
  socket: Duplex;
  head: Buffer;
}
type Admission = { admitted: true; info: ConnectionInfo; subprotocol?: string } | Rejection;
interface Rejection {
  admitted: false;
  response: HttpResponse;
}
type Reject = (status: number, message: string, errorType: string) => Rejection;

/**
 * Performs a WebSocket handshake: authorizer, then `$connect`, then the upgrade. The socket opens only if both accept.
 *
 * @param onOpen called with the open socket
 */
export async function performHandshake(
  stage: WebSocketStage,
  { request, socket, head }: Handshake,
  onOpen: (socket: WebSocket, info: ConnectionInfo) => void,
): Promise<void> {
  // Without a listener, the error of a client that disconnects during the handshake would end the process.
  const ignore = () => {};
  socket.on("error", ignore);
  const admission = await admit(stage, request);
  if (!admission.admitted) return sendOnSocket(socket, admission.response);
  if (!socket.readable || !socket.writable) {
    // The client is gone, but $connect has run: the application must learn that the connection has ended.
    runDisconnectRoute(stage, admission.info, connectionLost);
    socket.destroy();
    return;
  }
  if (admission.subprotocol !== undefined) stage.subprotocols.set(request, admission.subprotocol);
  stage.webSocketServer.handleUpgrade(request, socket, head, (webSocket) => {
    socket.off("error", ignore);
    onOpen(webSocket, admission.info);
  });
}

async function admit(stage: WebSocketStage, request: IncomingMessage): Promise<Admission> {
  const details = readRequest(request, domainNameOf(stage), new Set());
  const requestId = createId();
  const connectionId = createId();
  const reject: Reject = (status, message, errorType) => ({
    admitted: false,
    response: { status, errorType, body: errorFrame(message, { connectionId, requestId }) },
  });
  const rejection = checkRequest(stage, request, details, reject);
  if (rejection) return rejection;

  const route = stage.api.routes.get("$connect");
  const connection: ConnectionInfo = {
    id: connectionId,
    identity: {
      ...(details.userAgent === undefined ? {} : { userAgent: details.userAgent }),
      sourceIp: details.sourceIp,
    },
    authorizer: undefined,
    connectedAt: stage.ports.clock.now(),
  };
  if (!route?.authorizer) return runConnectRoute(stage, { route, details, info: connection, requestId, reject });
  const authorization = await authorize(stage, route.authorizer, details, connection);
  if (!authorization.allowed) return rejectUnauthorized(authorization.status, reject);
  const info: ConnectionInfo = { ...connection, authorizer: authorization.context };
  const { latencyMs } = authorization;
  return runConnectRoute(stage, { route, details, info, requestId, latencyMs, reject });
}

/** Checks everything that needs no invocation: the form of the handshake, the path, and the throttles. */
function checkRequest(
  { api, limits, takeRoute }: WebSocketStage,
  request: IncomingMessage,
  { path }: RequestDetails,
  reject: Reject,
): Rejection | undefined {
  if (!isHandshake(request)) return reject(400, "Bad Request", "BadRequestException");
  if (path.replace(/\/$/, "") !== `/${api.stageName}`) return reject(403, "Forbidden", "ForbiddenException");
  if (!limits.takeConnection() || !limits.takeRequest() || !takeRoute("$connect")) {
    return reject(429, "Too Many Requests", "LimitExceededException");
  }
  return undefined;
}

function rejectUnauthorized(status: 401 | 403 | 500, reject: Reject): Rejection {
  if (status === 401) return reject(401, "Unauthorized", "UnauthorizedException");
  if (status === 403) return reject(403, "Forbidden", "ForbiddenException");
  return reject(500, "Internal server error", "InternalServerErrorException");
}

interface ConnectCall {
  route: Route | undefined;
  details: RequestDetails;
  info: ConnectionInfo;
  requestId: string;
  /** How long the authorizer took. */
  latencyMs?: number;
  reject: Reject;
}

/** Runs `$connect`. Without a route or an integration, the connection is accepted. */
async function runConnectRoute(
  stage: WebSocketStage,
  { route, details, info, requestId, latencyMs, reject }: ConnectCall,
): Promise<Admission> {
  if (!route?.integration) return { admitted: true, info };
  const context = requestContext(stage, info, {
    routeKey: "$connect",
    eventType: "CONNECT",
    requestId,
    authorizer: info.authorizer && { ...info.authorizer, integrationLatency: latencyMs },
  });
  const event = connectEvent(stage, details, context);
  const call = { routeKey: "$connect", event, context, body: "", isTwoWay: false };
  const outcome = await runIntegration(stage, route.integration, call);
  if (outcome.kind === "noPermission") return reject(500, "Internal server error", "InternalServerErrorException");
  if (outcome.kind === "timedOut") return reject(504, "Endpoint request timed out", "GatewayTimeoutException");
  const result = outcome.kind === "returned" ? readProxyResult(outcome.payload) : undefined;
  if (!result) return reject(502, "Internal server error", "BadGatewayException");
  if (result.statusCode < 200 || result.statusCode > 299) {
    return { admitted: false, response: { status: result.statusCode, body: result.body ?? "" } };
  }
  const subprotocol = headerOf(result.headers, "sec-websocket-protocol");
  if (subprotocol === undefined) return { admitted: true, info };
  if (offeredSubprotocols(details).includes(subprotocol)) return { admitted: true, info, subprotocol };
  stage.ports.log("$connect returned a Sec-WebSocket-Protocol that the client did not offer");
  runDisconnectRoute(stage, info, connectionLost);
  return reject(502, "Internal server error", "BadGatewayException");
}

const isHandshake = ({ method, headers }: IncomingMessage) =>
  method === "GET" &&
  headers.upgrade?.toLowerCase() === "websocket" &&
  headers["sec-websocket-version"] === "13" &&
  /^[+/0-9A-Za-z]{22}==$/.test(headers["sec-websocket-key"] ?? "");

const offeredSubprotocols = (details: RequestDetails) =>
  Object.entries(details.multiValueHeaders)
    .filter(([name]) => name.toLowerCase() === "sec-websocket-protocol")
    .flatMap(([, values]) => values.join(",").split(","))
    .map((subprotocol) => subprotocol.trim());
