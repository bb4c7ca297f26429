import { afterAll, beforeAll, expect, onTestFinished, test, vi } from "vitest";
import { WebSocket } from "ws";
import { SocketHandle, type WebSocketConstructor } from "../../client/index.ts";
import type { Local } from "../../local/host/runtime.ts";
import { newRoom } from "../conformance/page.ts";
import { pushOk } from "../conformance/target.ts";
import { startStack } from "../support/start-stack.ts";

let local: Local;
beforeAll(async () => {
  local = await startStack();
});
afterAll(() => local.close());

/** A WebSocket that cannot be opened. */
class NoWebSocket extends WebSocket {
  constructor() {
    super("ws://127.0.0.1:1");
  }
}

const push = (roomId: string, number: number, bytes: number) =>
  pushOk(local, { roomId, eventName: "test", data: `${number} ${"x".repeat(bytes)}` });

// Found: of 60 messages of 5 KB only 19 arrived, and a message of 100 KB did not, without a sign that more existed.
test.each([
  ["a WebSocket", WebSocket],
  ["polls", NoWebSocket],
])("a long history arrives completely over %s, once and in order, while others push", async (_, ofPage) => {
  const room = newRoom();
  for (let number = 1; number <= 61; number += 1) await push(room, number, 5_000);
  await push(room, 62, 110_000);
  const handle = new SocketHandle({
    url: local.webSocketUrl,
    pollUrl: `${local.restUrl}/poll`,
    token: await local.mintToken({ sub: "ann", rooms: ["*"] }),
    WebSocket: ofPage as WebSocketConstructor,
    // No pauses between the three attempts after which the client polls.
    random: () => 0,
  });
  onTestFinished(() => handle.close());
  const received: number[] = [];
  let pushed = 62;
  let pushing: Promise<unknown> = Promise.resolve();
  handle.listen<string>("test", (data) => {
    received.push(Number(data.split(" ")[0]));
    // The service pushes while the rest of the history is still to come.
    if (received.length % 20 === 1 && pushed < 66) {
      const number = ++pushed;
      pushing = pushing.then(() => push(room, number, 10));
    }
  });
  void handle.connect().catch(() => {});
  expect(await handle.loginRoom(room, "loginWhenever", { history: 61 })).toMatchObject({ recovered: true });
  await pushing;
  await vi.waitFor(() => expect(received).toHaveLength(65), { timeout: 20_000, interval: 20 });
  expect(received).toEqual(Array.from({ length: 65 }, (_, i) => i + 2));
});
