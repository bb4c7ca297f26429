import { once } from "node:events";
import { connect } from "node:net";
import { text } from "node:stream/consumers";
import { setImmediate } from "node:timers/promises";
import { afterEach, describe, expect, test } from "vitest";
import { type FrontServer, startFrontServer } from "../../../local/host/front-server.ts";

let frontServer: FrontServer;
const upgraded: string[] = [];
/** A gateway that responds to every request with its method, and closes every WebSocket. */
const gateway = {
  handleRequest: async (request: { method?: string }, response: { end(text: string): unknown }) => {
    response.end(`${request.method}`);
    return true;
  },
  handleUpgrade: (request: { url?: string }, socket: { destroy(): unknown }) => {
    upgraded.push(request.url ?? "");
    socket.destroy();
    return true;
  },
};
const page = { handleRequest: async () => {} };

/** Sends a request as raw text, because HTTP clients add headers. */
function send(...lines: string[]) {
  const socket = connect(frontServer.port, "127.0.0.1");
  socket.on("error", () => {});
  socket.write(`${[...lines, "Host: localhost"].join("\r\n")}\r\n\r\n`);
  return socket;
}
/** Waits until the server, which runs in the same event loop, has read the request. */
async function runEventLoop(): Promise<void> {
  for (let n = 0; n < 10; n += 1) await setImmediate();
}
const webSocket = ["Connection: Upgrade", "Upgrade: websocket"];

afterEach(async () => {
  upgraded.length = 0;
  await frontServer.close();
});

describe("the front server", () => {
  test("holds requests until it has handlers", async () => {
    frontServer = await startFrontServer(0);
    const request = send("GET /api HTTP/1.0");
    const socket = send("GET /socket HTTP/1.1", ...webSocket);
    await Promise.all([once(request, "connect"), once(socket, "connect")]);
    await runEventLoop();
    expect(upgraded).toEqual([]);
    frontServer.serve(gateway, page);
    expect(await text(request)).toMatch(/\r\n\r\nGET$/);
    await text(socket);
    expect(upgraded).toEqual(["/socket"]);
  });

  test("treats an offer of HTTP/2 as a plain request", async () => {
    frontServer = await startFrontServer(0);
    frontServer.serve(gateway, page);
    const offer = ["Connection: Upgrade, HTTP2-Settings, close", "Upgrade: h2c", "HTTP2-Settings: AAMAAABk"];
    expect(await text(send("POST /api/push HTTP/1.1", "Content-Length: 0", ...offer))).toMatch(/\r\n\r\nPOST$/);
    expect(upgraded).toEqual([]);
  });

  test("survives a WebSocket that is reset before it has handlers", async () => {
    frontServer = await startFrontServer(0);
    const socket = send("GET /socket HTTP/1.1", ...webSocket);
    await once(socket, "connect");
    await runEventLoop();
    socket.resetAndDestroy();
    await runEventLoop();
    frontServer.serve(gateway, page);
    expect(await text(send("GET /api HTTP/1.0"))).toMatch(/\r\n\r\nGET$/);
  });

  test("closes while requests wait for handlers", async () => {
    frontServer = await startFrontServer(0);
    const waiting = [send("GET /socket HTTP/1.1", ...webSocket), send("GET /api HTTP/1.1")];
    await Promise.all(waiting.map((socket) => once(socket, "connect")));
    await runEventLoop();
    await frontServer.close();
  });
});
