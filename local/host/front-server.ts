import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";
import { end, keepAliveMs } from "../http/loopback-server.ts";

/** The one port that everything is reached by. */
export interface FrontServer {
  port: number;
  /** Who answers; requests that came before wait until now. */
  serve(gateway: GatewayHandlers, page: PageHandler): void;
  close(): Promise<void>;
}
interface GatewayHandlers {
  handleRequest(request: IncomingMessage, response: ServerResponse): Promise<boolean>;
  handleUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): boolean;
}
interface PageHandler {
  handleRequest(request: IncomingMessage, response: ServerResponse): Promise<void>;
}

/**
 * @param port 0 for any free one
 * @throws if it cannot be had
 */
export async function startFrontServer(port: number): Promise<FrontServer> {
  const ready = Promise.withResolvers<{ gateway: GatewayHandlers; page: PageHandler }>();
  ready.promise.catch(() => {});
  const answer = async (request: IncomingMessage, response: ServerResponse) => {
    const { gateway, page } = await ready.promise;
    if (!(await gateway.handleRequest(request, response))) await page.handleRequest(request, response);
  };
  // Some programs offer HTTP/2 with whatever they ask (`Upgrade: h2c`), and take an ordinary answer.
  const isUpgrade = ({ headers }: IncomingMessage) => headers.upgrade?.toLowerCase() === "websocket";
  const server = createServer({ shouldUpgradeCallback: isUpgrade }, (request, response) => {
    answer(request, response).catch(() => {
      if (!response.headersSent) response.writeHead(500);
      response.end();
    });
  });
  server.keepAliveTimeout = keepAliveMs;
  server.on("upgrade", (request, socket, head) => {
    // Nobody else listens yet: a peer that hangs up now would end the process.
    socket.on("error", () => socket.destroy());
    ready.promise.then(
      ({ gateway }) => {
        if (!gateway.handleUpgrade(request, socket, head)) socket.end("HTTP/1.1 404 Not Found\r\n\r\n");
      },
      () => socket.destroy(),
    );
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", (error) => reject(explained(error, port))).listen(port, "127.0.0.1", resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    serve: (gateway, page) => ready.resolve({ gateway, page }),
    close: async () => {
      // Whoever still waits, if `serve` was never called: the server does not end before they do.
      ready.reject(new Error("closed"));
      await end(server);
    },
  };
}

function explained(error: NodeJS.ErrnoException, port: number): Error {
  if (error.code === "EADDRINUSE") {
    return new Error(`port ${port} is taken; stop what listens there, or choose another with --port`, { cause: error });
  }
  if (error.code === "EACCES") {
    return new Error(`port ${port} is not allowed for this user; choose one from 1024 with --port`, { cause: error });
  }
  return error;
}
