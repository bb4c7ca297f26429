import { expect, test } from "vitest";
import type { Fetch } from "../../client/index.ts";
// The client loads it when it needs it, which would take longer than a fake clock waits.
import "../../client/transport/polling/socket.ts";
import type { RoomToRestore, ServerFrame } from "../../protocol/frames.ts";
import { epoch } from "./support/log-server.ts";
import { PayloadServer, quiet, until } from "./support/payload-server.ts";

const pollUrl = "https://push.example/api/poll";

/** A page that was in room 456 by a WebSocket and polls now. */
async function polledPage() {
  const server = new PayloadServer();
  /** What each poll asked to follow of room 456. */
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
  const { handle, heard } = server.page({ pollUrl, fetch });
  await handle.loginRoom("456", "loginWhenever");
  const pass = async (ms: number) => {
    for (let passed = 0; passed < ms; passed += 250) {
      await server.clock.advance(250);
      await quiet();
    }
  };
  server.isDown = true;
  server.last.drop();
  await pass(6_000);
  return { server, heard, sinces, pass };
}
const seqsOf = (sinces: readonly unknown[]) => sinces.map((since) => (since as { seq: number }).seq);

test("a poll brings where a payload is, and says that the page has it when it has", async () => {
  const { server, heard, sinces, pass } = await polledPage();
  server.hold();
  server.log("456", 1);
  server.logLarge("456", 2);
  server.log("456", 3);
  await pass(12_000);
  expect(heard).toEqual([1]);
  // Each poll asks for it again, none says that it has it.
  expect(sinces.at(-1)).toEqual({ epoch, seq: 1 });
  expect(server.fetched).toHaveLength(1);
  server.release();
  await until(() => heard.length === 3);
  expect(heard).toEqual([1, 2, 3]);
  await pass(3_500);
  expect(sinces.at(-1)).toEqual({ epoch, seq: 3 });
});

test("while it is fetched the page polls as seldom as if nothing came", async () => {
  const { server, sinces, pass } = await polledPage();
  server.hold();
  server.logLarge("456", 1);
  await pass(4_000);
  const before = sinces.length;
  await pass(12_000);
  expect(sinces.length - before).toBeLessThanOrEqual(4);
});

test("an address that has expired is healed by the next poll, in order", async () => {
  const { server, heard, pass } = await polledPage();
  server.troubles.push(403, "network");
  server.logLarge("456", 1);
  server.log("456", 2);
  await pass(15_000);
  await until(() => heard.length === 2);
  expect(heard).toEqual([1, 2]);
  expect(server.fetched).toHaveLength(3);
});

test("one that is gone for good is passed over, and polled no more", async () => {
  const { server, heard, sinces, pass } = await polledPage();
  server.always = 404;
  server.logLarge("456", 1);
  server.log("456", 2);
  await pass(20_000);
  expect(heard).toEqual([2]);
  await pass(4_000);
  expect(seqsOf(sinces).at(-1)).toBe(2);
  expect(server.fetched).toHaveLength(3);
});
