import fc from "fast-check";
import { describe, expect, test, vi } from "vitest";
import { connected, evicted, loggedIn } from "./support/fake-server.ts";
import { epoch, inRoom456, type LogServer } from "./support/log-server.ts";

describe("acks", () => {
  test("of all rooms are sent together, 250 ms after the first message", async () => {
    const { server, post } = await inRoom456();
    await post(1);
    await server.clock.advance(200);
    await post(2);
    await post("for everyone", "@all");
    await server.clock.advance(49);
    expect(server.receivedOf("ack")).toEqual([]);
    await server.clock.advance(1);
    const rooms = [
      { roomId: "@all", epoch, seq: 1 },
      { roomId: "456", epoch, seq: 2 },
    ];
    expect(server.receivedOf("ack")).toEqual([{ action: "ack", session: "session-1", rooms, ref: "ack" }]);
    await server.clock.advance(10_000);
    expect(server.receivedOf("ack")).toHaveLength(1);
  });

  test("are sent immediately after 64 messages", async () => {
    const { server, post } = await inRoom456();
    for (let at = 0; at < 64; at += 1) await post(at);
    expect(server.receivedOf("ack")).toMatchObject([{ rooms: [{ seq: 64 }] }]);
  });

  test("do not cover buffered messages", async () => {
    const { server, post, lose } = await inRoom456();
    server.onFrame = () => undefined;
    await post(1);
    lose(2);
    await post(3);
    await server.clock.advance(250);
    expect(server.receivedOf("ack")).toMatchObject([{ rooms: [{ seq: 1 }] }]);
  });

  test("contain the requested receipts, 64 per frame", async () => {
    const { server } = await inRoom456();
    const missed = Array.from({ length: 70 }, (_, at) => server.log("456", at, { receipt: true }));
    await server.last.deliver({ ...server.replayed("456", 0), missed, upTo: 0 });
    const seqs = server.receivedOf("ack").map(({ receipts }) => receipts?.map(({ seq }) => seq));
    expect(seqs).toEqual([missed.slice(0, 64).map(({ seq }) => seq), missed.slice(64).map(({ seq }) => seq)]);
  });

  test.each<[string, (handle: ReturnType<LogServer["handle"]>) => void]>([
    ["leaves", (handle) => handle.leaveRoom("456", () => {})],
    ["disconnects", (handle) => handle.disconnect()],
    ["closes", (handle) => handle.close()],
  ])("are sent immediately when the page %s", async (_, end) => {
    const { server, handle, post } = await inRoom456();
    await post(1);
    end(handle);
    expect(server.received.map(({ action }) => action).filter((action) => action !== "leaveRoom")).toEqual([
      "hello",
      "loginRoom",
      "ack",
    ]);
    await server.clock.advance(1_000);
    expect(server.receivedOf("ack")).toHaveLength(1);
  });

  test("are sent before a leaveRoom, which ends the membership", async () => {
    const { server, handle, post } = await inRoom456();
    await post(1);
    handle.leaveRoom("456", () => {});
    expect(server.received.map(({ action }) => action)).toEqual(["hello", "loginRoom", "ack", "leaveRoom"]);
  });

  test("are sent before a leaveRoom that waited for the connection", async () => {
    const { server, handle, post } = await inRoom456();
    await post(1);
    server.last.drop();
    handle.leaveRoom("456", () => {});
    await server.clock.advance(300);
    expect(server.last.received.map(({ action }) => action)).toEqual(["hello", "ack", "leaveRoom"]);
  });

  test("that could not be sent are sent after the reconnect", async () => {
    const { server, post } = await inRoom456();
    await post(1);
    server.last.drop();
    await server.clock.advance(300);
    expect(server.receivedOf("ack")).toMatchObject([{ rooms: [{ seq: 1 }] }]);
  });

  test("that the server refuses make the client check its memberships, without a notice to the page", async () => {
    const { server, handle, post } = await inRoom456();
    const refusals = vi.fn();
    const notices: unknown[] = [];
    handle.listen("errorResp", refusals);
    handle.listen("loginRoomResp", ({ code }) => notices.push(code));
    server.onFrame = (frame) => {
      const data = { code: "4003", msg: "ack: you are not in room 456" } as const;
      if (frame.action === "ack") return { type: "refused", eventName: "errorResp", data };
      const answer = server.answer(frame);
      return answer?.type === "connected" ? { ...answer, rooms: [evicted("456", 9)] } : answer;
    };
    await post(1);
    await server.clock.advance(250);
    expect(refusals).not.toHaveBeenCalled();
    expect(notices).toEqual(["2005"]);
    expect(server.connections).toHaveLength(1);
  });

  test("that fail with 5001 are repeated within 64 s, without a hello and without a notice to the page", async () => {
    const { server, handle, post } = await inRoom456();
    const refusals = vi.fn();
    handle.listen("errorResp", refusals);
    let isFailing = true;
    server.onFrame = (frame) => {
      const data = { code: "5001", msg: "server trouble, try again" } as const;
      if (frame.action === "ack" && isFailing) return { type: "refused", eventName: "errorResp", data };
      return server.answer(frame);
    };
    await post(1);
    await server.clock.advance(250);
    isFailing = false;
    await server.clock.advance(64_000);
    const ack = { rooms: [{ roomId: "456", epoch, seq: 1 }] };
    expect(server.receivedOf("ack")).toMatchObject([ack, ack]);
    await server.clock.advance(120_000);
    expect(server.receivedOf("ack")).toHaveLength(2);
    expect(server.receivedOf("hello")).toHaveLength(1);
    expect(refusals).not.toHaveBeenCalled();
  });

  test("that fail with 5001 are repeated earlier if the message is redelivered", async () => {
    const { server, post } = await inRoom456();
    await post(1);
    await server.clock.advance(250);
    const data = { code: "5001", msg: "server trouble, try again" } as const;
    await server.last.deliver({ type: "refused", eventName: "errorResp", data, ref: "ack" });
    const [message] = server.kept("456");
    if (message) await server.last.deliver({ ...server.replayed("456", 0), missed: [message], upTo: 0 });
    await server.clock.advance(250);
    expect(server.receivedOf("ack")).toHaveLength(2);
  });

  test("that are refused do not affect a pending login", async () => {
    const { server, handle, received, post } = await inRoom456();
    server.onFrame = () => undefined;
    await post(1);
    await server.clock.advance(250);
    const data = { code: "4003", msg: "ack: you are not in room 456" } as const;
    await server.last.deliver({ type: "refused", eventName: "errorResp", data, ref: "ack" });
    const login = handle.loginRoom("456");
    await server.last.deliver(connected([evicted("456", 9)]));
    const ref = server.receivedOf("loginRoom").at(-1)?.ref;
    await server.last.deliver({ ...loggedIn("456", 9), seq: 1, ref });
    expect(await login).toMatchObject({ code: "2002" });
    expect(server.receivedOf("leaveRoom")).toEqual([]);
    await post(2);
    expect(received).toEqual([1, 2]);
  });
});

describe("acks with ackWithinMs, as large rooms request", () => {
  /** Messages of room 456 carry this `ackWithinMs`. */
  const inLargeRoom = async (ackWithinMs: number, moment = 0.5) => {
    const { server, ...rest } = await inRoom456({ random: () => moment });
    const ackedAt: number[] = [];
    const startMs = server.clock.now();
    server.onFrame = (frame) => {
      if (frame.action === "ack" && frame.rooms.some(({ roomId }) => roomId === "456")) {
        ackedAt.push(server.clock.now() - startMs);
      }
      return server.answer(frame);
    };
    const large = (data: unknown, fields: object = { ackWithinMs }) =>
      server.last.deliver(server.log("456", data, fields));
    return { server, ackedAt, large, ...rest };
  };

  test("are sent within that time, by each page at another moment", async () => {
    const moments = await Promise.all(
      Array.from({ length: 40 }, async (_, i) => {
        const { server, ackedAt, large } = await inLargeRoom(8_000, i / 40);
        await large(1);
        await server.clock.advance(8_000);
        return ackedAt;
      }),
    );
    for (const moment of moments) expect(moment).toHaveLength(1);
    for (const from of [0, 2_000, 4_000, 6_000]) {
      const some = moments.flat().filter((ms) => ms >= from && ms <= from + 2_000);
      expect(some.length).toBeGreaterThanOrEqual(4);
    }
  });

  test("are sent once in that time, for any number of messages and while the room grows", async () => {
    const message = fc.record({ afterMs: fc.nat(6_000), ackWithinMs: fc.constantFrom(4_000, 8_000) });
    await fc.assert(
      fc.asyncProperty(fc.array(message, { minLength: 1, maxLength: 20 }), async (messages) => {
        const { server, ackedAt, large } = await inLargeRoom(4_000);
        const sentAt: number[] = [];
        const startMs = server.clock.now();
        for (const { afterMs, ackWithinMs } of messages) {
          await server.clock.advance(afterMs);
          sentAt.push(server.clock.now() - startMs);
          await large(1, { ackWithinMs });
        }
        await server.clock.advance(8_000);
        expect(server.acked.get("456")).toBe(messages.length);
        for (const [i, atMs] of ackedAt.slice(1).entries()) expect(atMs - (ackedAt[i] ?? 0)).toBeGreaterThan(3_990);
        // Every message is acked within the longest interval.
        for (const atMs of sentAt) expect(ackedAt.some((ms) => ms >= atMs && ms <= atMs + 8_000)).toBe(true);
      }),
      { numRuns: 30 },
    );
  });

  test("neither delay nor join the acks of other rooms, also after 64 messages", async () => {
    const { server, ackedAt, large, post } = await inLargeRoom(32_000);
    for (let i = 0; i < 70; i += 1) await large(i);
    await post("for everyone", "@all");
    await server.clock.advance(250);
    expect(server.receivedOf("ack")).toMatchObject([{ rooms: [{ roomId: "@all" }] }]);
    for (let i = 0; i < 64; i += 1) await post(i, "@all");
    expect(server.receivedOf("ack")).toHaveLength(2);
    expect(ackedAt).toEqual([]);
    await server.clock.advance(32_000);
    expect(ackedAt).toHaveLength(1);
    expect(server.acked.get("456")).toBe(70);
  });

  test("are sent after 250 ms again when the messages no longer carry it", async () => {
    const { server, ackedAt, large } = await inLargeRoom(1_024_000);
    await large(1);
    await server.clock.advance(1_000);
    await large(2, {});
    await server.clock.advance(250);
    expect(ackedAt).toEqual([1_250]);
  });

  test("are sent immediately when the page closes", async () => {
    const { server, handle, large } = await inLargeRoom(32_000);
    await large(1);
    handle.close();
    expect(server.acked.get("456")).toBe(1);
  });
});
