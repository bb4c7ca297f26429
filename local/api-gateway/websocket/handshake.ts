import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import type { WebSocket } from "ws";
import { readProxyResult } from "../integration/proxy-result.ts";
import { createId } from "../stage/ids.ts";
import { readRequest, headerOf, type RequestDetails } from "../stage/request.ts";
import { type Answer, sendRaw } from "../stage/response.ts";
import { authorize } from "./authorize.ts";
import type { AuthorizerContext, ConnectionInfo } from "./connection.ts";
import { runDisconnectRoute } from "./disconnect.ts";
import { connectEvent, requestContext } from "./events.ts";
import { errorFrame } from "./route-message.ts";
import { runIntegration } from "./run-integration.ts";
import { domainNameOf, type WebSocketStage } from "./stage.ts";

export interface Handshake {
  request: IncomingMessage;
  socket: Duplex;
  head: Buffer;
}
type Admission = { admitted: true; facts: ConnectionInfo; protocol?: string } | { admitted: false; answer: Answer };

/**
 * Takes an upgrade request through authorizer and `$connect`, and opens the socket only when both have agreed.
 *
 * @param onOpen called with the open socket
 */
export async function performHandshake(
  stage: WebSocketStage,
  { request, socket, head }: Handshake,
  onOpen: (socket: WebSocket, facts: ConnectionInfo) => void,
): Promise<void> {
  // A peer that vanishes during the handshake must not bring the process down.
  const ignore = () => {};
  socket.on("error", ignore);
  const admission = await admit(stage, request);
  if (!admission.admitted) return sendRaw(socket, admission.answer);
  if (!socket.readable || !socket.writable) {
    // $connect has run, so the application believes in this connection until it is told otherwise.
    runDisconnectRoute(stage, admission.facts, { code: 1006, reason: "Connection closed abnormally" });
    socket.destroy();
    return;
  }
  if (admission.protocol !== undefined) stage.protocols.set(request, admission.protocol);
  stage.acceptor.handleUpgrade(request, socket, head, (webSocket) => {
    socket.off("error", ignore);
    onOpen(webSocket, admission.facts);
  });
}

async function admit(stage: WebSocketStage, request: IncomingMessage): Promise<Admission> {
  const { api, ports, quota } = stage;
  const facts = readRequest(request, domainNameOf(stage), new Set());
  const requestId = createId();
  const connectionId = createId();
  const refuse = (status: number, message: string, errorType: string): Admission => ({
    admitted: false,
    answer: { status, errorType, body: errorFrame(message, { connectionId, requestId }) },
  });
  if (!isHandshake(request)) return refuse(400, "Bad Request", "BadRequestException");
  if (facts.path.replace(/\/$/, "") !== `/${api.stageName}`) return refuse(403, "Forbidden", "ForbiddenException");
  if (!quota.connect() || !quota.request() || !stage.takeRoute("$connect")) {
    return refuse(429, "Too Many Requests", "LimitExceededException");
  }

  const route = api.routes.get("$connect");
  const connection: ConnectionInfo = {
    id: connectionId,
    identity: { ...(facts.userAgent === undefined ? {} : { userAgent: facts.userAgent }), sourceIp: facts.sourceIp },
    authorizer: undefined,
    connectedAt: ports.clock.now(),
  };
  let authorizer: AuthorizerContext | undefined;
  let latencyMs = 0;
  if (route?.authorizer) {
    const authorizerResult = await authorize(stage, route.authorizer, facts, connection);
    if (!authorizerResult.allowed) {
      if (authorizerResult.status === 401) return refuse(401, "Unauthorized", "UnauthorizedException");
      if (authorizerResult.status === 403) return refuse(403, "Forbidden", "ForbiddenException");
      return refuse(500, "Internal server error", "InternalServerErrorException");
    }
    authorizer = authorizerResult.context;
    latencyMs = authorizerResult.latencyMs;
  }
  const admitted: ConnectionInfo = { ...connection, authorizer };
  if (!route?.integration) return { admitted: true, facts: admitted };

  const context = requestContext(stage, admitted, {
    routeKey: "$connect",
    eventType: "CONNECT",
    requestId,
    authorizer: authorizer && { ...authorizer, integrationLatency: latencyMs },
  });
  const event = connectEvent(stage, facts, context);
  const run = { routeKey: "$connect", event, context, body: "", isTwoWay: false };
  const outcome = await runIntegration(stage, route.integration, run);
  if (outcome.kind === "noPermission") return refuse(500, "Internal server error", "InternalServerErrorException");
  if (outcome.kind === "timedOut") return refuse(504, "Endpoint request timed out", "GatewayTimeoutException");
  const result = outcome.kind === "answered" ? readProxyResult(outcome.payload) : undefined;
  if (!result) return refuse(502, "Internal server error", "BadGatewayException");
  if (result.statusCode < 200 || result.statusCode > 299) {
    return { admitted: false, answer: { status: result.statusCode, body: result.body ?? "" } };
  }
  const protocol = headerOf(result.headers, "sec-websocket-protocol");
  if (protocol === undefined) return { admitted: true, facts: admitted };
  if (offeredProtocols(facts).includes(protocol)) return { admitted: true, facts: admitted, protocol };
  ports.log(`$connect chose a Sec-WebSocket-Protocol that the client did not offer`);
  runDisconnectRoute(stage, admitted, { code: 1006, reason: "Connection closed abnormally" });
  return refuse(502, "Internal server error", "BadGatewayException");
}

const isHandshake = ({ method, headers }: IncomingMessage) =>
  method === "GET" &&
  headers.upgrade?.toLowerCase() === "websocket" &&
  headers["sec-websocket-version"] === "13" &&
  /^[+/0-9A-Za-z]{22}==$/.test(headers["sec-websocket-key"] ?? "");

const offeredProtocols = (facts: RequestDetails) =>
  Object.entries(facts.multiValueHeaders)
    .filter(([name]) => name.toLowerCase() === "sec-websocket-protocol")
    .flatMap(([, values]) => values.join(",").split(","))
    .map((protocol) => protocol.trim());
