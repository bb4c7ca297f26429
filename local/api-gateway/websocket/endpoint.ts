import type { IncomingMessage, ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import type { WebSocket } from "ws";
import type { StageEndpoint } from "../stage/endpoint.ts";
import { send } from "../stage/response.ts";
import { Connection, type ConnectionInfo, type DisconnectCause } from "./connection.ts";
import { serveConnectionsApi } from "./connections-api.ts";
import { closeCauseOf, runDisconnectRoute } from "./disconnect.ts";
import { watchFrameLengths } from "./frame-limit.ts";
import { performHandshake } from "./handshake.ts";
import { routeMessage } from "./route-message.ts";
import { frameLimitBytes, createWebSocketStage, type WebSocketStage, type WebSocketStageOptions } from "./stage.ts";

const connectionsPath = /^\/[^/]+\/(?:@|%40)connections\/([^/]+)$/;

/** Serves one WebSocket stage: handshakes, and the @connections API. */
export function createWebSocketEndpoint(options: WebSocketStageOptions): StageEndpoint {
  const stage = createWebSocketStage(options);
  return {
    stageName: stage.api.stageName,
    handleRequest: (request, response) => handleRequest(stage, request, response),
    handleUpgrade: (request, socket, head) => {
      const opened = (webSocket: WebSocket, facts: ConnectionInfo) => openConnection(stage, webSocket, socket, facts);
      performHandshake(stage, { request, socket, head }, opened).catch((error: unknown) => {
        stage.ports.log(`a handshake failed: ${String(error)}`);
        socket.destroy();
      });
    },
    close: async () => {
      stage.acceptor.close();
      for (const connection of stage.connections.values()) connection.end({ code: 1001, reason: "Going away" });
      for (const socket of stage.acceptor.clients) socket.terminate();
      await Promise.allSettled(stage.disconnecting);
    },
  };
}

async function handleRequest(stage: WebSocketStage, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const path = (request.url ?? "/").replace(/\?.*$/s, "");
  const [, id] = connectionsPath.exec(path) ?? [];
  if (id !== undefined) return serveConnectionsApi(stage, id, request, response);
  request.resume();
  const isSocketPath = path.replace(/\/$/, "") === `/${stage.api.stageName}`;
  if (isSocketPath && request.method === "GET") {
    const headers = { upgrade: "websocket" };
    return send(response, { status: 426, headers, body: '{"message":"Upgrade Required"}' });
  }
  send(response, { status: 403, errorType: "ForbiddenException", body: '{"message":"Forbidden"}' });
}

function openConnection(stage: WebSocketStage, webSocket: WebSocket, socket: Duplex, facts: ConnectionInfo): void {
  const { clock, faults } = stage.ports;
  const { id } = facts;
  const onEnd = (cause: DisconnectCause) => {
    stage.connections.delete(id);
    runDisconnectRoute(stage, facts, cause);
  };
  const connection = new Connection(facts, webSocket, clock, onEnd);
  stage.connections.set(id, connection);

  // A half-open connection is one where none of this would have been noticed.
  const unlessHalfOpen = (run: () => void) => {
    if (!faults.halfOpen.has(id)) run();
  };
  watchFrameLengths(socket, frameLimitBytes, () => unlessHalfOpen(() => connection.close({ code: 1009, reason: "" })));
  webSocket.on("message", (data: Buffer, isBinary) =>
    unlessHalfOpen(() => {
      if (connection.ended) return;
      if (isBinary) return connection.close({ code: 1003, reason: "" });
      connection.touch();
      routeMessage(stage, connection, data.toString()).catch((error: unknown) =>
        stage.ports.log(`a message could not be handled: ${String(error)}`),
      );
    }),
  );
  // ws has closed it by then, with the code that fits: too long a message, bad UTF-8, a broken frame.
  webSocket.on("error", (error: Error & { code?: string }) =>
    unlessHalfOpen(() => connection.end({ code: codeOf(error), reason: "" })),
  );
  webSocket.on("close", (code, reason) => unlessHalfOpen(() => connection.end(closeCauseOf(code, reason.toString()))));
}

const codes: Record<string, number> = { WS_ERR_UNSUPPORTED_MESSAGE_LENGTH: 1009, WS_ERR_INVALID_UTF8: 1007 };

function codeOf({ code = "" }: { code?: string }): number {
  return codes[code] ?? (code.startsWith("WS_ERR_") ? 1002 : 1006);
}
