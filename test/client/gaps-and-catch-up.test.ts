import { describe, expect, test, vi } from "vitest";
import { frameTexts } from "../../protocol/codes.ts";
import type { ServerFrame } from "../../protocol/frames.ts";
import { evicted, loggedIn, loginFailed, message } from "./support/fake-server.ts";
import { epoch, inRoom456, LoggingServer } from "./support/log-server.ts";

describe("a gap", () => {
  test("that closes by itself within 200 ms is not asked for", async () => {
    const { server, heard, post } = await inRoom456();
    const late = server.log("456", "late");
    await post("early");
    expect(heard).toEqual([]);
    await server.clock.advance(199);
    await server.last.tell(late);
    await server.clock.advance(10_000);
    expect(heard).toEqual(["late", "early"]);
    expect(server.receivedOf("replay")).toEqual([]);
  });

  test("that stands is asked for after 200 ms, then each second", async () => {
    const { server, heard, post, lose } = await inRoom456();
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
    expect(heard).toEqual(["lost", "early"]);
    await server.clock.advance(60_000);
    expect(server.receivedOf("replay")).toHaveLength(4);
  });

  test("that nobody can close is asked for more and more seldom", async () => {
    const { server, post, lose } = await inRoom456();
    server.onFrame = () => undefined;
    lose("lost");
    await post("early");
    await server.clock.advance(200_000);
    expect(server.receivedOf("replay").length).toBeLessThan(16);
  });

  test("of which one answer cannot hold all is asked for at once until nothing is missing", async () => {
    const { server, heard, post, lose } = await inRoom456();
    for (let at = 0; at < 11; at += 1) lose(at);
    await post(11);
    await server.clock.advance(200);
    expect(heard).toEqual(Array.from({ length: 12 }, (_, at) => at));
    expect(server.receivedOf("replay").map(({ after }) => after)).toEqual([0, 4, 8]);
  });

  test.each(["@all", "@user"])("in %s is asked for too", async (roomId) => {
    const { server, heard, post, lose } = await inRoom456();
    lose("lost", roomId);
    await post("early", roomId);
    await server.clock.advance(200);
    expect(heard).toEqual(["lost", "early"]);
  });

  test("is closed completely before a close() of a listener takes effect, which leaves no timer", async () => {
    const { server, handle, heard, post } = await inRoom456();
    handle.listen("test", () => handle.close());
    const late = server.log("456", "late");
    await post("early");
    await server.last.tell(late);
    expect(heard).toEqual(["late", "early"]);
    expect(server.clock.running).toBe(0);
  });

  test("of one room holds back no other", async () => {
    const { heard, post, lose } = await inRoom456();
    lose("lost");
    await post("early");
    await post("for everyone", "@all");
    expect(heard).toEqual(["for everyone"]);
  });

  test("is no business of messages at qos 0", async () => {
    const { server, heard, post, lose } = await inRoom456();
    lose("lost");
    await post("early");
    await server.last.tell(message("now", { roomId: "456", qos: 0, epoch: undefined, seq: undefined }));
    expect(heard).toEqual(["now"]);
  });

  test("is asked for where the server says that more waits", async () => {
    const { server, heard, lose } = await inRoom456();
    lose("waits");
    const data = { code: "2013", msg: frameTexts.behind } as const;
    await server.last.tell({ type: "behind", eventName: "ackResp", data, rooms: ["456", "unknown"] });
    expect(heard).toEqual(["waits"]);
  });
});

describe("a redelivery", () => {
  test("brings what was lost, and says nothing about numbers that it does not have", async () => {
    const { server, heard, post, lose } = await inRoom456();
    await post(1);
    lose(2);
    lose(3);
    const { missed, ...frame } = server.replayed("456", 1);
    await server.last.tell({ ...frame, missed: missed.slice(1), upTo: 3 });
    expect(heard).toEqual([1]);
    await server.last.tell({ ...frame, missed: missed.slice(0, 1), upTo: 0 });
    expect(heard).toEqual([1, 2, 3]);
  });

  test("of what is there is acked again: the first ack was lost", async () => {
    const { server, heard, post } = await inRoom456();
    await post(1);
    await server.clock.advance(250);
    await server.last.tell(server.replayed("456", 0));
    await server.clock.advance(250);
    expect(heard).toEqual([1]);
    expect(server.receivedOf("ack").map(({ rooms }) => rooms)).toEqual([
      [{ roomId: "456", epoch, seq: 1 }],
      [{ roomId: "456", epoch, seq: 1 }],
    ]);
  });
});

describe("catching up", () => {
  test("after a lost connection names every stream's place, and shows what was missed once and in order", async () => {
    const { server, handle, heard, post, lose } = await inRoom456();
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
    expect(heard).toEqual([1, "all 1", "all 2", 2]);
  });

  test("crosses with live messages, which the page sees once", async () => {
    const { server, heard, lose } = await inRoom456();
    server.last.drop();
    server.onFrame = () => undefined;
    lose(1);
    const live = server.log("456", 2);
    await server.clock.advance(250);
    await server.last.tell(live);
    expect(heard).toEqual([]);
    const hello = server.last.received.at(-1);
    if (hello) await server.last.tell(server.answer(hello) as ServerFrame);
    expect(heard).toEqual([1, 2]);
  });

  test.each([
    ["a place", { since: { epoch, seq: 1 } }, ["two", "three"]],
    ["the newest messages", { history: 1 }, ["three"]],
  ])("at a login begins with %s", async (_, wish, expected) => {
    const server = new LoggingServer();
    for (const data of ["one", "two", "three"]) server.log("456", data);
    const handle = server.handle();
    const heard: unknown[] = [];
    handle.listen("test", (data) => heard.push(data));
    expect(await handle.loginRoom("456", "loginWhenever", wish)).toMatchObject({ code: "2002", recovered: true });
    expect(server.receivedOf("loginRoom")).toMatchObject([{ type: "loginWhenever", ...wish }]);
    await server.last.tell(server.log("456", "live"));
    expect(heard).toEqual([...expected, "live"]);
  });

  test("that was not asked for is not spoken of", async () => {
    const server = new LoggingServer();
    server.log("456", "before");
    expect(await server.handle().loginRoom("456")).toEqual({ code: "2002", msg: frameTexts.loggedIn("456") });
  });

  test("takes callbacks too", async () => {
    const server = new LoggingServer();
    const handle = server.handle();
    await handle.connect();
    const codes: unknown[] = [];
    handle.loginRoom("456", undefined, { since: "last" }, ({ recovered }) => codes.push(recovered));
    await server.clock.advance(0);
    expect(server.receivedOf("loginRoom")).toMatchObject([{ roomId: "456", since: "last" }]);
    expect(codes).toHaveLength(1);
  });

  test("that cannot bring everything says so to whoever waits for the login", async () => {
    const server = new LoggingServer();
    const handle = server.handle();
    const seen: unknown[] = [];
    handle.listen("loginRoomResp", (_, frame) => seen.push("recovered" in frame && frame.recovered));
    expect(await handle.loginRoom("456", undefined, { since: { epoch: "old1", seq: 7 } })).toMatchObject({
      recovered: false,
    });
    expect(seen).toEqual([false]);
  });

  test.each(["456", "@all"])(
    "of %s that cannot bring everything after a lost connection is told to the page",
    async (roomId) => {
      const { server, handle, heard } = await inRoom456();
      const told = vi.fn();
      handle.listen("loginRoomResp", (data, frame) => told(data.code, frame));
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
      expect(told).toHaveBeenCalledExactlyOnceWith(
        "2002",
        expect.objectContaining({ roomId, recovered: false, seq: 5 }),
      );
      const place = roomId === "@all" ? {} : { roomId };
      await server.last.tell(message("new", { ...place, epoch: "new1", seq: 6 }));
      expect(heard).toEqual(["new"]);
    },
  );

  test("a message of another epoch makes the client ask; the page is told that the log began anew", async () => {
    const { server, handle, heard, post } = await inRoom456();
    const told = vi.fn();
    handle.listen("loginRoomResp", (_, frame) => told(frame));
    await post(1);
    server.onFrame = (frame) => {
      if (frame.action !== "replay") return server.answer(frame);
      const part =
        frame.epoch === epoch ? { recovered: false, missed: [] } : { recovered: true, missed: [first, second] };
      return { ...server.replayed("456", 0), epoch: "new1", upTo: 2, ...part };
    };
    const first = message("new 1", { roomId: "456", epoch: "new1", seq: 1 });
    const second = message("new 2", { roomId: "456", epoch: "new1", seq: 2 });
    await server.last.tell(first);
    await server.last.tell(second);
    expect(heard).toEqual([1]);
    await server.clock.advance(200 + 1_000);
    expect(told).toHaveBeenCalledExactlyOnceWith(
      expect.objectContaining({ roomId: "456", recovered: false, epoch: "new1" }),
    );
    expect(heard).toEqual([1, "new 1", "new 2"]);
  });

  test("a page that logs in again to a room goes on where it is, whatever it wishes", async () => {
    const { server, handle, heard, post } = await inRoom456();
    await post(1);
    await handle.loginRoom("456", "loginWhenever", { history: 100 });
    expect(server.receivedOf("loginRoom").at(-1)).toMatchObject({ since: { epoch, seq: 1 } });
    expect(server.receivedOf("loginRoom").at(-1)?.history).toBeUndefined();
    expect(heard).toEqual([1]);
  });

  test("an answer to a login that nobody waits for any more skips nothing", async () => {
    const { server, handle, heard, post, lose } = await inRoom456();
    server.onFrame = () => undefined;
    const again = expect(handle.loginRoom("456")).rejects.toMatchObject({ code: "3002" });
    await server.clock.advance(10_000);
    await again;
    lose(1);
    lose(2);
    await server.last.tell({ ...loggedIn("456"), seq: 2, recovered: true, missed: [], upTo: 2, ref: 2 });
    server.onFrame = (frame) => server.answer(frame);
    await post(3);
    await server.clock.advance(1_000);
    expect(heard).toEqual([1, 2, 3]);
  });
});

describe("after the page is out of a room", () => {
  test.each<[string, (given: Awaited<ReturnType<typeof inRoom456>>) => Promise<unknown>]>([
    ["evicted", ({ server }) => server.last.tell(evicted("456", 9))],
    ["left", ({ handle }) => handle.leaveRoom("456")],
    [
      "refused at a reconnect",
      async ({ server }) => {
        server.onFrame = (frame) => {
          const answer = server.answer(frame);
          return answer?.type === "connected" ? { ...answer, rooms: [loginFailed("456", "2004")] } : answer;
        };
        server.last.drop();
        await server.clock.advance(250);
      },
    ],
  ])("(%s) nothing of it reaches the page, and nothing is asked or acked", async (_, getOut) => {
    const given = await inRoom456();
    const { server, heard, post, lose } = given;
    lose(1);
    await post(2);
    await getOut(given);
    const before = server.received.length;
    await post(3);
    await server.last.tell({ ...server.replayed("456", 0), ref: "0" });
    await server.clock.advance(60_000);
    expect(heard).toEqual([]);
    expect(server.received.slice(before)).toEqual([]);
  });

  test("a login begins anew, at now", async () => {
    const { server, handle, heard, post, lose } = await inRoom456();
    await post(1);
    await handle.leaveRoom("456");
    lose(2);
    await handle.loginRoom("456");
    expect(server.receivedOf("loginRoom").at(-1)?.since).toBeUndefined();
    await post(3);
    expect(heard).toEqual([1, 3]);
  });
});
