import { describe, expect, test, vi } from "vitest";
import { frameTexts } from "../../protocol/codes.ts";
import type { ServerFrame } from "../../protocol/frames.ts";
import { evicted, loggedIn, loginFailed, message } from "./support/fake-server.ts";
import { epoch, inRoom456, LogServer } from "./support/log-server.ts";

describe("a gap", () => {
  test("that closes within 200 ms causes no replay", async () => {
    const { server, received, post } = await inRoom456();
    const late = server.log("456", "late");
    await post("early");
    expect(received).toEqual([]);
    await server.clock.advance(199);
    await server.last.deliver(late);
    await server.clock.advance(10_000);
    expect(received).toEqual(["late", "early"]);
    expect(server.receivedOf("replay")).toEqual([]);
  });

  test("causes a replay after 200 ms, then every second", async () => {
    const { server, received, post, lose } = await inRoom456();
    server.onFrame = () => undefined;
    lose("lost");
    await post("early");
    await server.clock.advance(199);
    expect(server.receivedOf("replay")).toHaveLength(0);
    await server.clock.advance(1);
    expect(server.receivedOf("replay")).toEqual([{ action: "replay", roomId: "456", epoch, after: 0, ref: "0" }]);
    await server.clock.advance(2_000);
    expect(server.receivedOf("replay")).toHaveLength(3);
    server.onFrame = (frame) => server.answer(frame);
    await server.clock.advance(1_000);
    expect(received).toEqual(["lost", "early"]);
    await server.clock.advance(60_000);
    expect(server.receivedOf("replay")).toHaveLength(4);
  });

  test("that stays open causes replays at growing intervals", async () => {
    const { server, post, lose } = await inRoom456();
    server.onFrame = () => undefined;
    lose("lost");
    await post("early");
    await server.clock.advance(200_000);
    expect(server.receivedOf("replay").length).toBeLessThan(16);
  });

  test("larger than one response causes immediate further replays until it is closed", async () => {
    const { server, received, post, lose } = await inRoom456();
    for (let at = 0; at < 11; at += 1) lose(at);
    await post(11);
    await server.clock.advance(200);
    expect(received).toEqual(Array.from({ length: 12 }, (_, at) => at));
    expect(server.receivedOf("replay").map(({ after }) => after)).toEqual([0, 4, 8]);
  });

  test.each(["@all", "@user"])("in %s causes a replay too", async (roomId) => {
    const { server, received, post, lose } = await inRoom456();
    lose("lost", roomId);
    await post("early", roomId);
    await server.clock.advance(200);
    expect(received).toEqual(["lost", "early"]);
  });

  test("is closed completely before a close() of a listener takes effect, which leaves no timer", async () => {
    const { server, handle, received, post } = await inRoom456();
    handle.listen("test", () => handle.close());
    const late = server.log("456", "late");
    await post("early");
    await server.last.deliver(late);
    expect(received).toEqual(["late", "early"]);
    expect(server.clock.running).toBe(0);
  });

  test("of one room does not delay another room", async () => {
    const { received, post, lose } = await inRoom456();
    lose("lost");
    await post("early");
    await post("for everyone", "@all");
    expect(received).toEqual(["for everyone"]);
  });

  test("does not delay messages at qos 0", async () => {
    const { server, received, post, lose } = await inRoom456();
    lose("lost");
    await post("early");
    await server.last.deliver(message("now", { roomId: "456", qos: 0, epoch: undefined, seq: undefined }));
    expect(received).toEqual(["now"]);
  });

  test("that the server reports with `behind` causes a replay", async () => {
    const { server, received, lose } = await inRoom456();
    lose("waits");
    const data = { code: "2013", msg: frameTexts.behind } as const;
    await server.last.deliver({ type: "behind", eventName: "ackResp", data, rooms: ["456", "unknown"] });
    expect(received).toEqual(["waits"]);
  });
});

describe("a redelivery", () => {
  test("delivers lost messages, and does not skip positions that it does not contain", async () => {
    const { server, received, post, lose } = await inRoom456();
    await post(1);
    lose(2);
    lose(3);
    const { missed, ...frame } = server.replayed("456", 1);
    await server.last.deliver({ ...frame, missed: missed.slice(1), upTo: 3 });
    expect(received).toEqual([1]);
    await server.last.deliver({ ...frame, missed: missed.slice(0, 1), upTo: 0 });
    expect(received).toEqual([1, 2, 3]);
  });

  test("of a delivered message is acked again, as the first ack may be lost", async () => {
    const { server, received, post } = await inRoom456();
    await post(1);
    await server.clock.advance(250);
    await server.last.deliver(server.replayed("456", 0));
    await server.clock.advance(250);
    expect(received).toEqual([1]);
    expect(server.receivedOf("ack").map(({ rooms }) => rooms)).toEqual([
      [{ roomId: "456", epoch, seq: 1 }],
      [{ roomId: "456", epoch, seq: 1 }],
    ]);
  });
});

describe("catching up", () => {
  test("after a lost connection sends all positions, and delivers missed messages once and in order", async () => {
    const { server, handle, received, post, lose } = await inRoom456();
    await handle.loginRoom("other");
    await post(1);
    await post("all 1", "@all");
    server.last.drop();
    lose(2);
    lose("all 2", "@all");
    await server.clock.advance(250);
    expect(server.receivedOf("hello").at(-1)).toMatchObject({
      acks: true,
      rooms: [
        { roomId: "@all", since: { epoch, seq: 1 } },
        { roomId: "@user", since: { epoch, seq: 0 } },
        { roomId: "456", generation: 1, since: { epoch, seq: 1 } },
        { roomId: "other", generation: 1, since: { epoch, seq: 0 } },
      ],
    });
    expect(received).toEqual([1, "all 1", "all 2", 2]);
  });

  test("delivers messages once that also arrive live meanwhile", async () => {
    const { server, received, lose } = await inRoom456();
    server.last.drop();
    server.onFrame = () => undefined;
    lose(1);
    const live = server.log("456", 2);
    await server.clock.advance(250);
    await server.last.deliver(live);
    expect(received).toEqual([]);
    const hello = server.last.received.at(-1);
    if (hello) await server.last.deliver(server.answer(hello) as ServerFrame);
    expect(received).toEqual([1, 2]);
  });

  test.each([
    ["a position", { since: { epoch, seq: 1 } }, ["two", "three"]],
    ["the latest messages", { history: 1 }, ["three"]],
  ])("at a login starts at %s", async (_, catchUp, expected) => {
    const server = new LogServer();
    for (const data of ["one", "two", "three"]) server.log("456", data);
    const handle = server.handle();
    const received: unknown[] = [];
    handle.listen("test", (data) => received.push(data));
    expect(await handle.loginRoom("456", "loginWhenever", catchUp)).toMatchObject({ code: "2002", recovered: true });
    expect(server.receivedOf("loginRoom")).toMatchObject([{ type: "loginWhenever", ...catchUp }]);
    await server.last.deliver(server.log("456", "live"));
    expect(received).toEqual([...expected, "live"]);
  });

  test("without catch-up options gives no `recovered`", async () => {
    const server = new LogServer();
    server.log("456", "before");
    expect(await server.handle().loginRoom("456")).toEqual({ code: "2002", msg: frameTexts.loggedIn("456") });
  });

  test("works with callbacks", async () => {
    const server = new LogServer();
    const handle = server.handle();
    await handle.connect();
    const codes: unknown[] = [];
    handle.loginRoom("456", undefined, { since: "last" }, ({ recovered }) => codes.push(recovered));
    await server.clock.advance(0);
    expect(server.receivedOf("loginRoom")).toMatchObject([{ roomId: "456", since: "last" }]);
    expect(codes).toHaveLength(1);
  });

  test("with lost messages gives the login `recovered: false`", async () => {
    const server = new LogServer();
    const handle = server.handle();
    const seen: unknown[] = [];
    handle.listen("loginRoomResp", (_, frame) => seen.push("recovered" in frame && frame.recovered));
    expect(await handle.loginRoom("456", undefined, { since: { epoch: "old1", seq: 7 } })).toMatchObject({
      recovered: false,
    });
    expect(seen).toEqual([false]);
  });

  test.each(["456", "@all"])("of %s with lost messages after a reconnect is reported to the page", async (roomId) => {
    const { server, handle, received } = await inRoom456();
    const reported = vi.fn();
    handle.listen("loginRoomResp", (data, frame) => reported(data.code, frame));
    server.onFrame = (frame) => {
      const answer = server.answer(frame);
      if (answer?.type !== "connected") return answer;
      const rooms = answer.rooms.map((room) => {
        const isLost = room.type === "loggedIn" && room.roomId === roomId;
        return isLost ? { ...loggedIn(roomId), epoch: "new1", seq: 5, recovered: false, missed: [], upTo: 5 } : room;
      });
      return { ...answer, rooms };
    };
    server.last.drop();
    await server.clock.advance(250);
    expect(reported).toHaveBeenCalledExactlyOnceWith(
      "2002",
      expect.objectContaining({ roomId, recovered: false, seq: 5 }),
    );
    const fields = roomId === "@all" ? {} : { roomId };
    await server.last.deliver(message("new", { ...fields, epoch: "new1", seq: 6 }));
    expect(received).toEqual(["new"]);
  });

  test("a message of another epoch causes a replay, and the page learns that messages were lost", async () => {
    const { server, handle, received, post } = await inRoom456();
    const reported = vi.fn();
    handle.listen("loginRoomResp", (_, frame) => reported(frame));
    await post(1);
    server.onFrame = (frame) => {
      if (frame.action !== "replay") return server.answer(frame);
      const part =
        frame.epoch === epoch ? { recovered: false, missed: [] } : { recovered: true, missed: [first, second] };
      return { ...server.replayed("456", 0), epoch: "new1", upTo: 2, ...part };
    };
    const first = message("new 1", { roomId: "456", epoch: "new1", seq: 1 });
    const second = message("new 2", { roomId: "456", epoch: "new1", seq: 2 });
    await server.last.deliver(first);
    await server.last.deliver(second);
    expect(received).toEqual([1]);
    await server.clock.advance(200 + 1_000);
    expect(reported).toHaveBeenCalledExactlyOnceWith(
      expect.objectContaining({ roomId: "456", recovered: false, epoch: "new1" }),
    );
    expect(received).toEqual([1, "new 1", "new 2"]);
  });

  test("a second login to a room keeps the position, whatever the catch-up options", async () => {
    const { server, handle, received, post } = await inRoom456();
    await post(1);
    await handle.loginRoom("456", "loginWhenever", { history: 100 });
    expect(server.receivedOf("loginRoom").at(-1)).toMatchObject({ since: { epoch, seq: 1 } });
    expect(server.receivedOf("loginRoom").at(-1)?.history).toBeUndefined();
    expect(received).toEqual([1]);
  });

  test("the response to a login that timed out skips no message", async () => {
    const { server, handle, received, post, lose } = await inRoom456();
    server.onFrame = () => undefined;
    const again = expect(handle.loginRoom("456")).rejects.toMatchObject({ code: "3002" });
    await server.clock.advance(10_000);
    await again;
    lose(1);
    lose(2);
    await server.last.deliver({ ...loggedIn("456"), seq: 2, recovered: true, missed: [], upTo: 2, ref: 2 });
    server.onFrame = (frame) => server.answer(frame);
    await post(3);
    await server.clock.advance(1_000);
    expect(received).toEqual([1, 2, 3]);
  });
});

describe("after the end of a membership", () => {
  test.each<[string, (given: Awaited<ReturnType<typeof inRoom456>>) => Promise<unknown>]>([
    ["evicted", ({ server }) => server.last.deliver(evicted("456", 9))],
    ["left by the page", ({ handle }) => handle.leaveRoom("456")],
    [
      "refused after a reconnect",
      async ({ server }) => {
        server.onFrame = (frame) => {
          const answer = server.answer(frame);
          return answer?.type === "connected" ? { ...answer, rooms: [loginFailed("456", "2004")] } : answer;
        };
        server.last.drop();
        await server.clock.advance(250);
      },
    ],
  ])("its messages are neither delivered nor acked, and cause no replay: %s", async (_, getOut) => {
    const given = await inRoom456();
    const { server, received, post, lose } = given;
    lose(1);
    await post(2);
    await getOut(given);
    const before = server.received.length;
    await post(3);
    await server.last.deliver({ ...server.replayed("456", 0), ref: "0" });
    await server.clock.advance(60_000);
    expect(received).toEqual([]);
    expect(server.received.slice(before)).toEqual([]);
  });

  test("a login starts at the latest message", async () => {
    const { server, handle, received, post, lose } = await inRoom456();
    await post(1);
    await handle.leaveRoom("456");
    lose(2);
    await handle.loginRoom("456");
    expect(server.receivedOf("loginRoom").at(-1)?.since).toBeUndefined();
    await post(3);
    expect(received).toEqual([1, 3]);
  });
});
