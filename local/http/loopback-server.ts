import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";

/** What is served to this machine alone, on a port of its own. */
export interface LoopbackServer {
  /** `http://127.0.0.1:…` */
  url: string;
  close(): Promise<void>;
}

/**
 * How long a connection stays open that nobody uses. A Lambda that is frozen does not notice that it was closed, and
 * its next request would fail.
 */
export const keepAliveMs = 20 * 60_000;

/** Serves on any port that is free. */
export async function startLoopbackServer(answer: RequestListener): Promise<LoopbackServer> {
  const server = createServer(answer);
  server.keepAliveTimeout = keepAliveMs;
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, close: () => end(server) };
}

/** Waits for no client that keeps its connection open. */
export async function end(server: Server): Promise<void> {
  const closed = new Promise((resolve) => server.close(resolve));
  server.closeAllConnections();
  await closed;
}
