import type { IncomingMessage, ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import type { WebSocket } from "ws";
import type { StageEndpoint } from "../stage/endpoint.ts";
import { send } from "../stage/response.ts";
import { type CloseCause, Connection, type ConnectionInfo } from "./connection.ts";
import { serveConnectionsApi } from "./connections-api.ts";
import { closeCauseOf, runDisconnectRoute } from "./disconnect.ts";
import { watchFrameLengths } from "./frame-limit.ts";
import { performHandshake } from "./handshake.ts";
import { routeMessage } from "./route-message.ts";
import { createWebSocketStage, maxFrameBytes, type WebSocketStage, type WebSocketStageOptions } from "./stage.ts";

const connectionsPath = /^\/[^/]+\/(?:@|%40)connections\/([^/]+)$/;

/** Serves one WebSocket stage: handshakes, messages, and the @connections API. */
export function createWebSocketEndpoint(options: WebSocketStageOptions): StageEndpoint {
  const stage = createWebSocketStage(options);
  return {
    stageName: stage.api.stageName,
    handleRequest: (request, response) => handleRequest(stage, request, response),
    handleUpgrade: (request, socket, head) => {
      const onOpen = (webSocket: WebSocket, info: ConnectionInfo) => openConnection(stage, webSocket, socket, info);
      performHandshake(stage, { request, socket, head }, onOpen).catch((error: unknown) => {
        stage.ports.log(`a handshake failed: ${String(error)}`);
        socket.destroy();
      });
    },
    close: async () => {
      stage.webSocketServer.close();
      for (const connection of stage.connections.values()) connection.end({ code: 1001, reason: "Going away" });
      for (const socket of stage.webSocketServer.clients) socket.terminate();
      await Promise.allSettled(stage.disconnecting);
    },
  };
}

async function handleRequest(stage: WebSocketStage, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const path = (request.url ?? "/").replace(/\?.*$/s, "");
  const [, id] = connectionsPath.exec(path) ?? [];
  if (id !== undefined) return serveConnectionsApi(stage, id, request, response);
  request.resume();
  const isHandshakePath = path.replace(/\/$/, "") === `/${stage.api.stageName}`;
  if (isHandshakePath && request.method === "GET") {
    const headers = { upgrade: "websocket" };
    return send(response, { status: 426, headers, body: '{"message":"Upgrade Required"}' });
  }
  send(response, { status: 403, errorType: "ForbiddenException", body: '{"message":"Forbidden"}' });
}

/** Registers a connection and handles the events of its socket. A half-open connection receives none of them. */
function openConnection(stage: WebSocketStage, webSocket: WebSocket, socket: Duplex, info: ConnectionInfo): void {
  const { clock, faults } = stage.ports;
  const { id } = info;
  const onEnd = (cause: CloseCause) => {
    stage.connections.delete(id);
    runDisconnectRoute(stage, info, cause);
  };
  const connection = new Connection(info, webSocket, clock, onEnd);
  stage.connections.set(id, connection);

  const unlessHalfOpen = (run: () => void) => {
    if (!faults.halfOpen.has(id)) run();
  };
  watchFrameLengths(socket, maxFrameBytes, () => unlessHalfOpen(() => connection.close({ code: 1009, reason: "" })));
  webSocket.on("message", (data: Buffer, isBinary) =>
    unlessHalfOpen(() => {
      if (connection.ended) return;
      if (isBinary) return connection.close({ code: 1003, reason: "" });
      connection.recordActivity();
      routeMessage(stage, connection, data.toString()).catch((error: unknown) =>
        stage.ports.log(`a message could not be handled: ${String(error)}`),
      );
    }),
  );
  // `ws` has already closed the socket, with the code that `closeCodeOf` returns.
  webSocket.on("error", (error: Error & { code?: string }) =>
    unlessHalfOpen(() => connection.end({ code: closeCodeOf(error), reason: "" })),
  );
  webSocket.on("close", (code, reason) => unlessHalfOpen(() => connection.end(closeCauseOf(code, reason.toString()))));
}

const closeCodes: Record<string, number> = { WS_ERR_UNSUPPORTED_MESSAGE_LENGTH: 1009, WS_ERR_INVALID_UTF8: 1007 };

/** The close code for an error of `ws`: 1002 for a malformed frame, 1006 for a lost connection. */
function closeCodeOf({ code = "" }: { code?: string }): number {
  return closeCodes[code] ?? (code.startsWith("WS_ERR_") ? 1002 : 1006);
}
