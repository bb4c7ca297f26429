import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { createServer as createTlsServer } from "node:tls";
import { onTestFinished } from "vitest";

export interface Received {
  /** Number of the connection, from 1. */
  connection: number;
  head: string;
  body: string;
  socket: Socket;
}

/** The bytes to write. `undefined`: no response, unless `react` has written to the socket. */
type React = (request: Received) => string | Buffer | undefined;

export const ok = "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";

/** A server that writes exactly the given bytes, until the test ends. */
export async function openStub(react: React, tls?: { key: string; cert: string }) {
  const requests: Received[] = [];
  const sockets: Socket[] = [];
  const server = tls ? createTlsServer(tls) : createServer();
  server.on(tls ? "secureConnection" : "connection", (socket: Socket) => {
    const connection = sockets.push(socket);
    let text = "";
    socket.on("error", () => {});
    socket.on("data", (chunk) => {
      text += chunk.toString("latin1");
      const headEnd = text.indexOf("\r\n\r\n") + 4;
      const length = Number(/^content-length: (\d+)\r$/im.exec(text)?.[1] ?? 0);
      if (headEnd < 4 || text.length < headEnd + length) return;
      const body = Buffer.from(text.slice(headEnd, headEnd + length), "latin1").toString();
      const request = { connection, head: text.slice(0, headEnd), body, socket };
      text = text.slice(headEnd + length);
      requests.push(request);
      const bytes = react(request);
      if (bytes !== undefined) socket.write(bytes);
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const close = async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise((done) => server.close(done));
  };
  onTestFinished(() => (server.listening ? close() : undefined));
  const { port } = server.address() as AddressInfo;
  return { url: new URL(`${tls ? "https" : "http"}://127.0.0.1:${port}/`), requests, sockets, close };
}
