import fc from "fast-check";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import type { FrameOf } from "../../protocol/frames.ts";
import { evicted, message } from "./support/fake-server.ts";
import { epoch } from "./support/log-server.ts";
import { PayloadServer, pageIn456, quiet, type Trouble, until } from "./support/payload-server.ts";

const versions = ({ fetched }: PayloadServer) => fetched.map((address) => Number(address.split("?v=")[1]));
const ackedSeqs = (server: PayloadServer) =>
  server.receivedOf("ack").flatMap(({ rooms }) => rooms.filter(({ roomId }) => roomId === "456").map(({ seq }) => seq));

describe("a payload", () => {
  test("is fetched and told in its message's place, as if it had come with it", async () => {
    const { server, handle, heard, small, large } = await pageIn456();
    const frames: unknown[] = [];
    handle.listen("test", (_, frame) => frames.push(frame));
    server.hold();
    await small(1);
    await large({ rows: ["é", 2] });
    await small(3);
    expect(heard).toEqual([1]);
    server.release();
    await until(() => heard.length === 3);
    expect(heard).toEqual([1, { rows: ["é", 2] }, 3]);
    expect(frames[1]).toEqual({
      ...{ type: "message", eventName: "test", data: { rows: ["é", 2] }, roomId: "456", epoch, seq: 2, qos: 1 },
      ...{ messageId: "456-1", at: expect.any(Number) },
    });
    expect(server.fetched).toHaveLength(1);
  });

  test("is acked when it is there, and nothing behind it before that", async () => {
    const { server, heard, small, large, pass } = await pageIn456();
    server.hold();
    await small(1);
    await large(2);
    await small(3);
    await pass(1_000);
    expect(ackedSeqs(server)).toEqual([1]);
    server.release();
    await until(() => heard.length === 3);
    await pass(1_000);
    expect(ackedSeqs(server)).toEqual([1, 3]);
  });

  test("that takes its time is no gap: nothing is asked meanwhile, and no other room waits", async () => {
    const { server, handle, heard, small, large, pass } = await pageIn456();
    await handle.loginRoom("other");
    server.hold();
    await large(1);
    await small(2);
    await small("other", "other");
    await pass(20_000);
    expect(heard).toEqual(["other"]);
    expect(server.receivedOf("replay")).toEqual([]);
    server.release();
    await until(() => heard.length === 3);
    expect(heard).toEqual(["other", 1, 2]);
  });

  test("that is sent again while it is fetched is fetched once", async () => {
    const { server, heard, large, post } = await pageIn456();
    server.hold();
    await large(1);
    await post(server.renewed(server.kept("456")[0] ?? message(0)));
    await server.last.tell(server.renewed(server.replayed("456", 0)));
    await quiet();
    server.release();
    await until(() => heard.length === 1);
    await quiet();
    expect(server.fetched).toHaveLength(1);
    expect(heard).toEqual([1]);
  });

  test("with a receipt is told to its sender when it is there", async () => {
    const { server, heard, post, pass } = await pageIn456();
    server.hold();
    await post(server.logLarge("456", 1, { receipt: true }));
    await pass(1_000);
    expect(server.receivedOf("ack")).toEqual([]);
    server.release();
    await until(() => heard.length === 1);
    await pass(1_000);
    expect(server.receivedOf("ack")).toMatchObject([{ receipts: [{ roomId: "456", seq: 1 }] }]);
  });

  test("of a history and of a catch-up comes in its place", async () => {
    const server = new PayloadServer();
    for (const data of [1, 2, 3]) server.log("456", data);
    server.logLarge("456", 4);
    server.log("456", 5);
    const { handle, heard } = server.page();
    await handle.loginRoom("456", "loginWhenever", { since: { epoch, seq: 1 } });
    await until(() => heard.length === 4);
    expect(heard).toEqual([2, 3, 4, 5]);
  });

  test("in front of numbers that hold nothing holds nothing up for ever", async () => {
    const { server, heard, small, pass } = await pageIn456();
    server.hold();
    server.logLarge("456", 1);
    server.skip("456");
    server.skip("456");
    await small(4);
    await pass(500);
    server.release();
    await until(() => heard.length === 1);
    await pass(2_000);
    expect(heard).toEqual([1, 4]);
  });

  test("for everyone and for the page's user is fetched too", async () => {
    const { heard, large } = await pageIn456();
    await large("all", "@all");
    await until(() => heard.length === 1);
    await large("own", "@user");
    await until(() => heard.length === 2);
    expect(heard).toEqual(["all", "own"]);
  });

  test("of qos 0 comes outside of every order, and is tried once", async () => {
    const { server, handle, heard, small, post, pass } = await pageIn456();
    const told = vi.fn();
    handle.listen("errorResp", told);
    server.troubles.push("network");
    const unlogged = () =>
      message(undefined, { roomId: "456", qos: 0, epoch: undefined, seq: undefined, payload: server.put("now") });
    await post(unlogged());
    await pass(60_000);
    expect([server.fetched.length, heard]).toEqual([1, []]);
    await post(unlogged());
    await small(1);
    await until(() => heard.length === 2);
    expect(new Set(heard)).toEqual(new Set(["now", 1]));
    expect(told).not.toHaveBeenCalled();
  });

  test("of all rooms two are fetched at once", async () => {
    const { server, handle, heard, large } = await pageIn456();
    const rooms = ["a", "b", "c", "d", "e"];
    for (const roomId of rooms) await handle.loginRoom(roomId);
    server.hold();
    for (const roomId of rooms) await large(roomId, roomId);
    expect(server.fetched).toHaveLength(2);
    server.release();
    await until(() => heard.length === 5);
    expect(server.mostFetching).toBe(2);
    expect(heard.toSorted()).toEqual(rooms);
  });

  test("of one room is fetched when it is next, so that none is kept in memory behind another", async () => {
    const { server, heard, large } = await pageIn456();
    server.hold();
    for (const data of [1, 2, 3]) await large(data);
    expect(server.fetched).toHaveLength(1);
    server.release();
    await until(() => heard.length === 3);
    expect(heard).toEqual([1, 2, 3]);
    expect(server.mostFetching).toBe(1);
  });
});

describe("a fetch that fails", () => {
  test.each<[string, Trouble]>([
    ["as the address has expired", 403],
    ["as S3 has trouble", 503],
    ["as there is no network", "network"],
    ["as other bytes came", "other bytes"],
    ["as too many bytes came", "more bytes"],
  ])("%s is tried with a new address, and order is kept", async (_, trouble) => {
    const { server, heard, small, large, pass } = await pageIn456();
    server.troubles.push(trouble);
    await small(1);
    await large([2]);
    await small(3);
    expect(heard).toEqual([1]);
    await pass(1_000);
    await until(() => heard.length === 3);
    expect(heard).toEqual([1, [2], 3]);
    expect(server.receivedOf("replay")).toMatchObject([{ roomId: "456", after: 1 }]);
    const [first = 0, second = 0] = versions(server);
    expect(second).toBeGreaterThan(first);
    await pass(60_000);
    expect([heard.length, server.fetched.length]).toEqual([3, 2]);
  });

  test("again and again is tried after pauses that grow, and passed over after eight tries", async () => {
    const { server, handle, heard, small, large, pass } = await pageIn456();
    const told = vi.fn();
    handle.listen("errorResp", (data, frame) => told(data, frame));
    server.always = "network";
    await large(1);
    await small(2);
    const pausesMs: number[] = [];
    for (let seen = 1, ms = 0; seen < 8 && ms < 200_000; ms += 250) {
      const before = server.clock.now();
      await pass(250);
      pausesMs[seen - 1] = (pausesMs[seen - 1] ?? 0) + server.clock.now() - before;
      seen = server.fetched.length;
    }
    expect(pausesMs).toEqual([750, 1_500, 3_000, 6_000, 12_000, 22_500, 22_500]);
    await pass(1_000);
    expect(heard).toEqual([2]);
    expect(told).toHaveBeenCalledExactlyOnceWith(
      { code: "3006", msg: expect.stringMatching(/message 456-0 of room 456 .* passed over: there was no answer/) },
      expect.objectContaining({ type: "payloadLost", roomId: "456", messageId: "456-0" }),
    );
    await pass(120_000);
    expect(server.fetched).toHaveLength(8);
    expect(ackedSeqs(server).at(-1)).toBe(2);
  });

  test.each([403, 404])(
    "with %i for three new addresses is gone for good: told, passed over and acked",
    async (gone) => {
      const { server, handle, heard, small, large, pass } = await pageIn456();
      const told: unknown[] = [];
      handle.listen("errorResp", ({ code, msg }) => told.push([code, msg]));
      server.always = gone;
      await small(1);
      await large(2);
      await small(3);
      await pass(5_000);
      expect(told).toEqual([["3006", expect.stringContaining(`its address is answered ${gone}`)]]);
      expect(JSON.stringify(told)).not.toContain("https://");
      expect(heard).toEqual([1, 3]);
      expect(server.fetched).toHaveLength(3);
      server.always = undefined;
      await large(4);
      await until(() => heard.length === 3);
      await pass(1_000);
      expect(ackedSeqs(server).at(-1)).toBe(4);
    },
  );

  test("by silence is given up when even a slow line would have been through", async () => {
    const { server, heard, large, pass } = await pageIn456();
    server.troubles.push("silence");
    const data = "x".repeat(320_000 - 2);
    await large(data);
    await pass(39_750);
    expect([server.aborted, server.fetched.length]).toEqual([0, 1]);
    await pass(1_500);
    expect([server.aborted, server.fetched.length]).toEqual([1, 2]);
    await until(() => heard.length === 1);
  });

  test("while the line is down waits for it, however long that is, and is not counted meanwhile", async () => {
    const { server, handle, heard, small, large, pass } = await pageIn456();
    const told = vi.fn();
    handle.listen("errorResp", told);
    server.always = "network";
    await large(1);
    server.isDown = true;
    server.last.drop();
    await pass(600_000);
    expect(server.fetched.length).toBeLessThanOrEqual(2);
    server.isDown = false;
    server.always = undefined;
    await pass(31_000);
    await until(() => heard.length === 1);
    await small(2);
    expect(heard).toEqual([1, 2]);
    expect(told).not.toHaveBeenCalled();
  });
});

describe("while a payload is fetched", () => {
  test("a connection that breaks goes on before it, and it is fetched once", async () => {
    const { server, heard, small, large, pass } = await pageIn456();
    server.hold();
    await small(1);
    await large(2);
    server.last.drop();
    server.log("456", 3);
    await pass(1_000);
    const hello = server.receivedOf("hello").at(-1) as FrameOf<"hello">;
    expect(hello.rooms?.find(({ roomId }) => roomId === "456")?.since).toEqual({ epoch, seq: 1 });
    server.release();
    await until(() => heard.length === 3);
    expect(heard).toEqual([1, 2, 3]);
    expect(server.fetched).toHaveLength(1);
  });

  test.each<[string, (given: Awaited<ReturnType<typeof pageIn456>>) => Promise<unknown>]>([
    ["left", ({ handle }) => handle.leaveRoom("456")],
    ["taken by somebody else", ({ server }) => server.last.tell(evicted("456", 9))],
  ])("a room that is %s tells nothing of it", async (_, getOut) => {
    const given = await pageIn456();
    const { server, handle, heard, small, large, pass } = given;
    server.hold();
    await large(1);
    await small(2);
    await getOut(given);
    server.release();
    await pass(2_000);
    expect(heard).toEqual([]);
    await handle.loginRoom("456");
    await large(3);
    await until(() => heard.length === 1);
    expect(heard).toEqual([3]);
  });

  test("a log that begins anew drops it", async () => {
    const { server, heard, large, pass } = await pageIn456();
    server.hold();
    await large(1);
    await server.last.tell({
      ...server.replayed("456", 0),
      epoch: "new1",
      recovered: false,
      missed: [],
      upTo: 7,
      ref: "0",
    });
    server.release();
    await pass(1_000);
    expect(heard).toEqual([]);
    await server.last.tell(message("next", { roomId: "456", epoch: "new1", seq: 8 }));
    expect(heard).toEqual(["next"]);
  });

  test.each(["close", "disconnect"] as const)("%s() ends that, and no timer is left", async (end) => {
    const { server, handle, heard, large } = await pageIn456();
    server.hold();
    await large(1);
    handle[end]();
    await quiet();
    expect([server.aborted, server.fetching]).toEqual([1, 0]);
    expect(server.clock.running).toBe(0);
    server.release();
    await quiet();
    expect(heard).toEqual([]);
  });
});

test("in a page without WebCrypto the number of bytes is checked alone", async () => {
  vi.stubGlobal("crypto", {});
  onTestFinished(() => void vi.unstubAllGlobals());
  const { server, heard, large, pass } = await pageIn456();
  server.troubles.push("more bytes");
  await large(1);
  expect(heard).toEqual([]);
  await pass(1_000);
  await until(() => heard.length === 1);
});

test("whatever is lost, doubled, overtaken or fails to be fetched, each comes once and in order", async () => {
  const trouble = fc.constantFrom<Trouble>(403, 404, 503, "network", "other bytes");
  const event = fc.record({
    isLarge: fc.boolean(),
    way: fc.constantFrom("posted", "posted", "lost", "twice", "late"),
    trouble: fc.option(trouble, { freq: 2, nil: undefined }),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(event, { minLength: 1, maxLength: 12 }), fc.nat(12), async (events, dropAt) => {
      const { server, handle, heard, small, post, pass } = await pageIn456();
      const late: ReturnType<PayloadServer["log"]>[] = [];
      for (const [at, { isLarge, way, trouble }] of events.entries()) {
        const frame = isLarge ? server.logLarge("456", at) : server.log("456", at);
        if (isLarge && trouble !== undefined) server.troubles.push(trouble);
        if (at === dropAt) server.last.drop();
        if (way === "late") late.push(frame);
        else if (way !== "lost") await post(frame);
        if (way === "twice") await post(server.renewed(frame));
      }
      for (const frame of late) await post(server.renewed(frame));
      // With one more, a message that was refused once would be gone for good after its third try.
      server.troubles.length = Math.min(server.troubles.length, 1);
      await pass(1_000);
      await small("last");
      for (let round = 0; round < 40 && heard.length <= events.length; round += 1) await pass(2_000);
      expect(heard).toEqual([...events.keys(), "last"]);
      handle.close();
    }),
    { numRuns: 30 },
  );
});
