import fc from "fast-check";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import type { FrameOf } from "../../protocol/frames.ts";
import { evicted, message } from "./support/fake-server.ts";
import { epoch } from "./support/log-server.ts";
import { type FetchFailure, idle, PayloadServer, pageIn456, until } from "./support/payload-server.ts";

const versions = ({ fetched }: PayloadServer) => fetched.map((address) => Number(address.split("?v=")[1]));
const ackedSeqs = (server: PayloadServer) =>
  server.receivedOf("ack").flatMap(({ rooms }) => rooms.filter(({ roomId }) => roomId === "456").map(({ seq }) => seq));

describe("a payload", () => {
  test("is fetched and delivered as the data of its message, in order", async () => {
    const { server, handle, received, small, large } = await pageIn456();
    const frames: unknown[] = [];
    handle.listen("test", (_, frame) => frames.push(frame));
    server.hold();
    await small(1);
    await large({ rows: ["é", 2] });
    await small(3);
    expect(received).toEqual([1]);
    server.release();
    await until(() => received.length === 3);
    expect(received).toEqual([1, { rows: ["é", 2] }, 3]);
    expect(frames[1]).toEqual({
      ...{ type: "message", eventName: "test", data: { rows: ["é", 2] }, roomId: "456", epoch, seq: 2, qos: 1 },
      ...{ messageId: "456-1", at: expect.any(Number) },
    });
    expect(server.fetched).toHaveLength(1);
  });

  test("is acked when it has arrived, and no later message before that", async () => {
    const { server, received, small, large, pass } = await pageIn456();
    server.hold();
    await small(1);
    await large(2);
    await small(3);
    await pass(1_000);
    expect(ackedSeqs(server)).toEqual([1]);
    server.release();
    await until(() => received.length === 3);
    await pass(1_000);
    expect(ackedSeqs(server)).toEqual([1, 3]);
  });

  test("that takes long causes no replay and delays no other room", async () => {
    const { server, handle, received, small, large, pass } = await pageIn456();
    await handle.loginRoom("other");
    server.hold();
    await large(1);
    await small(2);
    await small("other", "other");
    await pass(20_000);
    expect(received).toEqual(["other"]);
    expect(server.receivedOf("replay")).toEqual([]);
    server.release();
    await until(() => received.length === 3);
    expect(received).toEqual(["other", 1, 2]);
  });

  test("of a message that is sent again meanwhile is fetched once", async () => {
    const { server, received, large, post } = await pageIn456();
    server.hold();
    await large(1);
    await post(server.renewed(server.kept("456")[0] ?? message(0)));
    await server.last.deliver(server.renewed(server.replayed("456", 0)));
    await idle();
    server.release();
    await until(() => received.length === 1);
    await idle();
    expect(server.fetched).toHaveLength(1);
    expect(received).toEqual([1]);
  });

  test("with a receipt is confirmed when it has arrived", async () => {
    const { server, received, post, pass } = await pageIn456();
    server.hold();
    await post(server.logLarge("456", 1, { receipt: true }));
    await pass(1_000);
    expect(server.receivedOf("ack")).toEqual([]);
    server.release();
    await until(() => received.length === 1);
    await pass(1_000);
    expect(server.receivedOf("ack")).toMatchObject([{ receipts: [{ roomId: "456", seq: 1 }] }]);
  });

  test("of a catch-up is delivered in order", async () => {
    const server = new PayloadServer();
    for (const data of [1, 2, 3]) server.log("456", data);
    server.logLarge("456", 4);
    server.log("456", 5);
    const { handle, received } = server.page();
    await handle.loginRoom("456", "loginWhenever", { since: { epoch, seq: 1 } });
    await until(() => received.length === 4);
    expect(received).toEqual([2, 3, 4, 5]);
  });

  test("before empty positions does not block the log", async () => {
    const { server, received, small, pass } = await pageIn456();
    server.hold();
    server.logLarge("456", 1);
    server.skip("456");
    server.skip("456");
    await small(4);
    await pass(500);
    server.release();
    await until(() => received.length === 1);
    await pass(2_000);
    expect(received).toEqual([1, 4]);
  });

  test("to everyone and to the page's user is fetched too", async () => {
    const { received, large } = await pageIn456();
    await large("all", "@all");
    await until(() => received.length === 1);
    await large("own", "@user");
    await until(() => received.length === 2);
    expect(received).toEqual(["all", "own"]);
  });

  test("at qos 0 is delivered without order, and attempted once", async () => {
    const { server, handle, received, small, post, pass } = await pageIn456();
    const reported = vi.fn();
    handle.listen("errorResp", reported);
    server.failures.push("network");
    const unlogged = () =>
      message(undefined, { roomId: "456", qos: 0, epoch: undefined, seq: undefined, payload: server.put("now") });
    await post(unlogged());
    await pass(60_000);
    expect([server.fetched.length, received]).toEqual([1, []]);
    await post(unlogged());
    await small(1);
    await until(() => received.length === 2);
    expect(new Set(received)).toEqual(new Set(["now", 1]));
    expect(reported).not.toHaveBeenCalled();
  });

  test("is one of at most two that are fetched concurrently", async () => {
    const { server, handle, received, large } = await pageIn456();
    const rooms = ["a", "b", "c", "d", "e"];
    for (const roomId of rooms) await handle.loginRoom(roomId);
    server.hold();
    for (const roomId of rooms) await large(roomId, roomId);
    expect(server.fetched).toHaveLength(2);
    server.release();
    await until(() => received.length === 5);
    expect(server.maxFetching).toBe(2);
    expect(received.toSorted()).toEqual(rooms);
  });

  test("is fetched when its message is next, so that no other of the room is in memory", async () => {
    const { server, received, large } = await pageIn456();
    server.hold();
    for (const data of [1, 2, 3]) await large(data);
    expect(server.fetched).toHaveLength(1);
    server.release();
    await until(() => received.length === 3);
    expect(received).toEqual([1, 2, 3]);
    expect(server.maxFetching).toBe(1);
  });
});

describe("a fetch that fails", () => {
  test.each<[string, FetchFailure]>([
    ["expired URL", 403],
    ["error of S3", 503],
    ["no network", "network"],
    ["other bytes", "other bytes"],
    ["too many bytes", "more bytes"],
  ])("is repeated with a new URL, and order is kept: %s", async (_, failure) => {
    const { server, received, small, large, pass } = await pageIn456();
    server.failures.push(failure);
    await small(1);
    await large([2]);
    await small(3);
    expect(received).toEqual([1]);
    await pass(1_000);
    await until(() => received.length === 3);
    expect(received).toEqual([1, [2], 3]);
    expect(server.receivedOf("replay")).toMatchObject([{ roomId: "456", after: 1 }]);
    const [first = 0, second = 0] = versions(server);
    expect(second).toBeGreaterThan(first);
    await pass(60_000);
    expect([received.length, server.fetched.length]).toEqual([3, 2]);
  });

  test("repeatedly has a growing backoff, and the message is skipped after eight attempts", async () => {
    const { server, handle, received, small, large, pass } = await pageIn456();
    const reported = vi.fn();
    handle.listen("errorResp", (data, frame) => reported(data, frame));
    server.always = "network";
    await large(1);
    await small(2);
    const backoffsMs: number[] = [];
    for (let seen = 1, ms = 0; seen < 8 && ms < 200_000; ms += 250) {
      const before = server.clock.now();
      await pass(250);
      backoffsMs[seen - 1] = (backoffsMs[seen - 1] ?? 0) + server.clock.now() - before;
      seen = server.fetched.length;
    }
    expect(backoffsMs).toEqual([750, 1_500, 3_000, 6_000, 12_000, 22_500, 22_500]);
    await pass(1_000);
    expect(received).toEqual([2]);
    expect(reported).toHaveBeenCalledExactlyOnceWith(
      { code: "3006", msg: expect.stringMatching(/message 456-0 of room 456 .* skipped: no response/) },
      expect.objectContaining({ type: "payloadLost", roomId: "456", messageId: "456-0" }),
    );
    await pass(120_000);
    expect(server.fetched).toHaveLength(8);
    expect(ackedSeqs(server).at(-1)).toBe(2);
  });

  test.each([403, 404])("with %i for three URLs is reported, and the message is skipped and acked", async (gone) => {
    const { server, handle, received, small, large, pass } = await pageIn456();
    const reported: unknown[] = [];
    handle.listen("errorResp", ({ code, msg }) => reported.push([code, msg]));
    server.always = gone;
    await small(1);
    await large(2);
    await small(3);
    await pass(5_000);
    expect(reported).toEqual([["3006", expect.stringContaining(`the response has status ${gone}`)]]);
    expect(JSON.stringify(reported)).not.toContain("https://");
    expect(received).toEqual([1, 3]);
    expect(server.fetched).toHaveLength(3);
    server.always = undefined;
    await large(4);
    await until(() => received.length === 3);
    await pass(1_000);
    expect(ackedSeqs(server).at(-1)).toBe(4);
  });

  test("by a timeout is repeated after the time that a slow connection needs", async () => {
    const { server, received, large, pass } = await pageIn456();
    server.failures.push("timeout");
    const data = "x".repeat(320_000 - 2);
    await large(data);
    await pass(39_750);
    expect([server.aborted, server.fetched.length]).toEqual([0, 1]);
    await pass(1_500);
    expect([server.aborted, server.fetched.length]).toEqual([1, 2]);
    await until(() => received.length === 1);
  });

  test("without a connection waits for it, and is not counted as an attempt", async () => {
    const { server, handle, received, small, large, pass } = await pageIn456();
    const reported = vi.fn();
    handle.listen("errorResp", reported);
    server.always = "network";
    await large(1);
    server.isDown = true;
    server.last.drop();
    await pass(600_000);
    expect(server.fetched.length).toBeLessThanOrEqual(2);
    server.isDown = false;
    server.always = undefined;
    await pass(31_000);
    await until(() => received.length === 1);
    await small(2);
    expect(received).toEqual([1, 2]);
    expect(reported).not.toHaveBeenCalled();
  });
});

describe("while a payload is fetched", () => {
  test("a reconnect continues before the message, and the payload is fetched once", async () => {
    const { server, received, small, large, pass } = await pageIn456();
    server.hold();
    await small(1);
    await large(2);
    server.last.drop();
    server.log("456", 3);
    await pass(1_000);
    const hello = server.receivedOf("hello").at(-1) as FrameOf<"hello">;
    expect(hello.rooms?.find(({ roomId }) => roomId === "456")?.since).toEqual({ epoch, seq: 1 });
    server.release();
    await until(() => received.length === 3);
    expect(received).toEqual([1, 2, 3]);
    expect(server.fetched).toHaveLength(1);
  });

  test.each<[string, (given: Awaited<ReturnType<typeof pageIn456>>) => Promise<unknown>]>([
    ["left by the page", ({ handle }) => handle.leaveRoom("456")],
    ["taken by another page", ({ server }) => server.last.deliver(evicted("456", 9))],
  ])("a room that is %s drops it", async (_, getOut) => {
    const given = await pageIn456();
    const { server, handle, received, small, large, pass } = given;
    server.hold();
    await large(1);
    await small(2);
    await getOut(given);
    server.release();
    await pass(2_000);
    expect(received).toEqual([]);
    await handle.loginRoom("456");
    await large(3);
    await until(() => received.length === 1);
    expect(received).toEqual([3]);
  });

  test("a new epoch drops it", async () => {
    const { server, received, large, pass } = await pageIn456();
    server.hold();
    await large(1);
    await server.last.deliver({
      ...server.replayed("456", 0),
      epoch: "new1",
      recovered: false,
      missed: [],
      upTo: 7,
      ref: "0",
    });
    server.release();
    await pass(1_000);
    expect(received).toEqual([]);
    await server.last.deliver(message("next", { roomId: "456", epoch: "new1", seq: 8 }));
    expect(received).toEqual(["next"]);
  });

  test.each(["close", "disconnect"] as const)("%s() aborts it and leaves no timer", async (end) => {
    const { server, handle, received, large } = await pageIn456();
    server.hold();
    await large(1);
    handle[end]();
    await idle();
    expect([server.aborted, server.fetching]).toEqual([1, 0]);
    expect(server.clock.running).toBe(0);
    server.release();
    await idle();
    expect(received).toEqual([]);
  });
});

test("without WebCrypto only the length of a payload is checked", async () => {
  vi.stubGlobal("crypto", {});
  onTestFinished(() => void vi.unstubAllGlobals());
  const { server, received, large, pass } = await pageIn456();
  server.failures.push("more bytes");
  await large(1);
  expect(received).toEqual([]);
  await pass(1_000);
  await until(() => received.length === 1);
});

test("each message arrives once and in order, despite losses, duplicates, reordering and failed fetches", async () => {
  const failure = fc.constantFrom<FetchFailure>(403, 404, 503, "network", "other bytes");
  const event = fc.record({
    isLarge: fc.boolean(),
    way: fc.constantFrom("posted", "posted", "lost", "twice", "late"),
    failure: fc.option(failure, { freq: 2, nil: undefined }),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(event, { minLength: 1, maxLength: 12 }), fc.nat(12), async (events, dropAt) => {
      const { server, handle, received, small, post, pass } = await pageIn456();
      const late: ReturnType<PayloadServer["log"]>[] = [];
      for (const [at, { isLarge, way, failure }] of events.entries()) {
        const frame = isLarge ? server.logLarge("456", at) : server.log("456", at);
        if (isLarge && failure !== undefined) server.failures.push(failure);
        if (at === dropAt) server.last.drop();
        if (way === "late") late.push(frame);
        else if (way !== "lost") await post(frame);
        if (way === "twice") await post(server.renewed(frame));
      }
      for (const frame of late) await post(server.renewed(frame));
      // With one more, a message with one refusal would be skipped after its third attempt.
      server.failures.length = Math.min(server.failures.length, 1);
      await pass(1_000);
      await small("last");
      for (let round = 0; round < 40 && received.length <= events.length; round += 1) await pass(2_000);
      expect(received).toEqual([...events.keys(), "last"]);
      handle.close();
    }),
    { numRuns: 30 },
  );
});
