import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";
import { closeServer, keepAliveMs } from "../http/loopback-server.ts";

/** The server on the port of `npm start`. It serves API Gateway and the page. */
export interface FrontServer {
  port: number;
  /** Sets the handlers. Earlier requests wait for this call. */
  serve(gateway: GatewayHandlers, page: PageHandler): void;
  close(): Promise<void>;
}
interface GatewayHandlers {
  /** Resolves with false for a path that is not the gateway's. The page then handles the request. */
  handleRequest(request: IncomingMessage, response: ServerResponse): Promise<boolean>;
  /** Returns false for a path that is not the gateway's. */
  handleUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): boolean;
}
interface PageHandler {
  handleRequest(request: IncomingMessage, response: ServerResponse): Promise<void>;
}

/**
 * Starts the server on 127.0.0.1.
 *
 * @param port 0 for any free port
 * @throws if the port is in use or not permitted
 */
export async function startFrontServer(port: number): Promise<FrontServer> {
  const handlers = Promise.withResolvers<{ gateway: GatewayHandlers; page: PageHandler }>();
  handlers.promise.catch(() => {});
  const handleRequest = async (request: IncomingMessage, response: ServerResponse) => {
    const { gateway, page } = await handlers.promise;
    if (!(await gateway.handleRequest(request, response))) await page.handleRequest(request, response);
  };
  // Some clients offer HTTP/2 with each request (`Upgrade: h2c`) and accept a plain HTTP/1.1 response.
  const isWebSocket = ({ headers }: IncomingMessage) => headers.upgrade?.toLowerCase() === "websocket";
  const server = createServer({ shouldUpgradeCallback: isWebSocket }, (request, response) => {
    handleRequest(request, response).catch(() => {
      if (!response.headersSent) response.writeHead(500);
      response.end();
    });
  });
  server.keepAliveTimeout = keepAliveMs;
  server.on("upgrade", (request, socket, head) => {
    // Until the gateway adds a listener, the error of a client that disconnects would end the process.
    socket.on("error", () => socket.destroy());
    handlers.promise.then(
      ({ gateway }) => {
        if (!gateway.handleUpgrade(request, socket, head)) socket.end("HTTP/1.1 404 Not Found\r\n\r\n");
      },
      () => socket.destroy(),
    );
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", (error) => reject(explainListenError(error, port))).listen(port, "127.0.0.1", resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    serve: (gateway, page) => handlers.resolve({ gateway, page }),
    close: async () => {
      // Requests that still wait for `serve` would keep the server open.
      handlers.reject(new Error("closed"));
      await closeServer(server);
    },
  };
}

function explainListenError(error: NodeJS.ErrnoException, port: number): Error {
  if (error.code === "EADDRINUSE") {
    return new Error(
      `port ${port} is in use; stop the process that listens there, or choose another port with --port`,
      { cause: error },
    );
  }
  if (error.code === "EACCES") {
    return new Error(`port ${port} is not permitted for this user; choose 1024 or higher with --port`, {
      cause: error,
    });
  }
  return error;
}
