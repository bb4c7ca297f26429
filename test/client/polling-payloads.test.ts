import { expect, test } from "vitest";
import type { Fetch } from "../../client/index.ts";
// Loaded beforehand: a dynamic import takes longer than the fake clock waits.
import "../../client/transport/polling/socket.ts";
import type { RoomToRestore, ServerFrame } from "../../protocol/frames.ts";
import { epoch } from "./support/log-server.ts";
import { idle, PayloadServer, until } from "./support/payload-server.ts";

const pollUrl = "https://push.example/api/poll";

/** A page that joined room 456 over a WebSocket and polls now. */
async function pollingPage() {
  const server = new PayloadServer();
  /** `since` of room 456 in each poll. */
  const sinces: unknown[] = [];
  const fetch: Fetch = async (address, init) => {
    if (!address.startsWith(pollUrl)) return server.fetch(address, init);
    const rooms: RoomToRestore[] = JSON.parse(new URL(address).searchParams.get("rooms") ?? "");
    sinces.push(rooms.find(({ roomId }) => roomId === "456")?.since);
    const hello = server.renewed(server.answer({ action: "hello", rooms })) as ServerFrame & { type: "connected" };
    const hasNews = hello.rooms.some((room) => "missed" in room && (room.missed?.length ?? 0) > 0);
    const answer = {
      ...{ data: hello.data, session: "session-1", rooms: hello.rooms },
      retryAfterMs: hasNews ? 500 : 3_000,
    };
    return { status: 200, json: async () => answer, arrayBuffer: async () => new ArrayBuffer(0) };
  };
  const { handle, received } = server.page({ pollUrl, fetch });
  await handle.loginRoom("456", "loginWhenever");
  const pass = async (ms: number) => {
    for (let passed = 0; passed < ms; passed += 250) {
      await server.clock.advance(250);
      await idle();
    }
  };
  server.isDown = true;
  server.last.drop();
  await pass(6_000);
  return { server, received, sinces, pass };
}
const seqsOf = (sinces: readonly unknown[]) => sinces.map((since) => (since as { seq: number }).seq);

test("a poll acks a payload only after it has been fetched", async () => {
  const { server, received, sinces, pass } = await pollingPage();
  server.hold();
  server.log("456", 1);
  server.logLarge("456", 2);
  server.log("456", 3);
  await pass(12_000);
  expect(received).toEqual([1]);
  // Each poll requests the message again.
  expect(sinces.at(-1)).toEqual({ epoch, seq: 1 });
  expect(server.fetched).toHaveLength(1);
  server.release();
  await until(() => received.length === 3);
  expect(received).toEqual([1, 2, 3]);
  await pass(3_500);
  expect(sinces.at(-1)).toEqual({ epoch, seq: 3 });
});

test("while a payload is fetched, the poll interval is that of a page without messages", async () => {
  const { server, sinces, pass } = await pollingPage();
  server.hold();
  server.logLarge("456", 1);
  await pass(4_000);
  const before = sinces.length;
  await pass(12_000);
  expect(sinces.length - before).toBeLessThanOrEqual(4);
});

test("an expired URL is replaced by the next poll, and order is kept", async () => {
  const { server, received, pass } = await pollingPage();
  server.failures.push(403, "network");
  server.logLarge("456", 1);
  server.log("456", 2);
  await pass(15_000);
  await until(() => received.length === 2);
  expect(received).toEqual([1, 2]);
  expect(server.fetched).toHaveLength(3);
});

test("a message whose payload is gone is skipped, and not polled again", async () => {
  const { server, received, sinces, pass } = await pollingPage();
  server.always = 404;
  server.logLarge("456", 1);
  server.log("456", 2);
  await pass(20_000);
  expect(received).toEqual([2]);
  await pass(4_000);
  expect(seqsOf(sinces).at(-1)).toBe(2);
  expect(server.fetched).toHaveLength(3);
});
