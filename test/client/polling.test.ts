import { describe, expect, test, vi } from "vitest";
import { openPolling } from "../../client/transport/polling/socket.ts";
import { settled } from "./support/fake-clock.ts";
import { evicted, loggedIn, loginFailed } from "./support/fake-server.ts";
import { epoch } from "./support/log-server.ts";
import { PollingServer, pollingPage } from "./support/polling-server.ts";

describe("polling", () => {
  test("starts after three failed attempts, with the same session, memberships and positions", async () => {
    const { server } = await pollingPage();
    expect(server.connections).toHaveLength(1 + 3);
    expect(server.polls[0]).toMatchObject({
      session: "session-1",
      authorization: "Bearer a.b.c",
      rooms: [
        { roomId: "@all", since: { epoch, seq: 0 } },
        { roomId: "@user", since: { epoch, seq: 0 } },
        { roomId: "456", type: "loginWhenLast", generation: 1, since: { epoch, seq: 1 } },
      ],
    });
  });

  test("does not start without a pollUrl", async () => {
    const { server } = await pollingPage({ pollUrl: undefined });
    await server.advance(60_000);
    expect(server.polls).toEqual([]);
  });

  test("works without a WebSocket before it", async () => {
    const server = new PollingServer();
    server.isDown = true;
    const { handle, received } = server.page();
    const login = handle.loginRoom("456");
    await server.advance(6_000);
    expect(await login).toMatchObject({ code: "2002" });
    expect(server.polls[0]).toMatchObject({ session: null, rooms: [] });
    server.log("456", "one");
    server.log("@all", "two");
    await server.advance(3_000);
    expect(received.toSorted()).toEqual(["one", "two"]);
    expect(server.polls.at(-1)?.session).toBe("session-1");
  });

  test("delivers messages once and in order, and acks them with the next poll", async () => {
    const { server, received } = await pollingPage();
    for (let data = 2; data < 12; data += 1) server.log("456", data);
    await server.advance(12_000);
    expect(received).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
    expect(server.lastPollOf("456")).toMatchObject({ generation: 1, since: { epoch, seq: 11 } });
  });

  test("honors retryAfterMs, and never sends two polls at a time", async () => {
    const { server, handle } = await pollingPage();
    server.failures.push("timeout");
    await server.advance(3_000);
    expect(server.polling).toBe(1);
    void handle.loginRoom("457").catch(() => {});
    await server.advance(1_000);
    expect(server.maxPolling).toBe(1);
    await server.advance(20_000);
    server.retryAfterMs = 7_000;
    await server.advance(20_000);
    const times = server.polls.slice(-2).map(({ atMs }) => atMs);
    expect((times[1] ?? 0) - (times[0] ?? 0)).toBeGreaterThanOrEqual(7_000);
  });

  test("logs in to more rooms immediately, with their catch-up options", async () => {
    const { server, handle, received } = await pollingPage();
    for (const data of ["a", "b", "c"]) server.log("457", data);
    server.retryAfterMs = 60_000;
    const login = handle.loginRoom("457", "loginWhenever", { history: 2 });
    await server.advance(3_000);
    expect(await login).toMatchObject({ code: "2002", recovered: true });
    expect(received).toEqual([1, "b", "c"]);
    server.retryAfterMs = 3_000;
    await server.advance(60_000);
    expect(received).toEqual([1, "b", "c"]);
    expect(server.lastPollOf("457")).toEqual({
      roomId: "457",
      type: "loginWhenever",
      generation: 1,
      since: { epoch, seq: 3 },
    });
  });

  test("completes a login to a room of which it is a member, requested while a poll is under way", async () => {
    const { server, handle } = await pollingPage();
    let login: Promise<unknown> | undefined;
    server.change = (room) => {
      login ??= handle.loginRoom("456", "loginWhenever").catch(({ code }) => code);
      return room;
    };
    await server.advance(15_000);
    expect(await login).toMatchObject({ code: "2002" });
    expect(server.lastPollOf("456")).toMatchObject({ type: "loginWhenever" });
  });

  test("fails a login that the server refuses", async () => {
    const { server, handle } = await pollingPage();
    server.change = (room) => (room.roomId === "457" ? loginFailed("457", "2004") : room);
    const login = handle.loginRoom("457").catch(({ code }) => code);
    await server.advance(4_000);
    expect(await login).toBe("2004");
    await server.advance(4_000);
    expect(server.lastPollOf("457")).toBeUndefined();
    expect(server.lastPollOf("456")).toBeDefined();
  });

  test("reports an eviction once, and stops polling the room", async () => {
    const { server, handle, received } = await pollingPage();
    const reported = vi.fn();
    handle.listen("loginRoomResp", ({ code }) => reported(code));
    server.change = (room) => (room.roomId === "456" ? evicted("456", 9) : room);
    await server.advance(4_000);
    expect(reported).toHaveBeenCalledExactlyOnceWith("2005");
    server.log("456", 2);
    await server.advance(10_000);
    expect(received).toEqual([1]);
    expect(server.lastPollOf("456")).toBeUndefined();
  });

  test("reports lost messages", async () => {
    const { server, handle } = await pollingPage();
    const reported = vi.fn();
    handle.listen("loginRoomResp", (_, frame) => reported(frame));
    const lost = { ...loggedIn("456"), epoch: "new1", seq: 7, recovered: false, missed: [], upTo: 7 };
    server.change = (room) => (room.roomId === "456" ? lost : room);
    await server.advance(4_000);
    expect(reported).toHaveBeenCalledWith(expect.objectContaining({ roomId: "456", recovered: false }));
    expect(server.lastPollOf("456")?.since).toEqual({ epoch: "new1", seq: 7 });
  });

  test("leaves with the next poll, and stops polling the room", async () => {
    const { server, handle } = await pollingPage();
    const before = server.polls.length;
    expect(await handle.leaveRoom("456")).toEqual({ code: "2006", msg: "leave room (id:456) success" });
    await server.advance(4_000);
    expect(server.lastPollOf("456")).toBeUndefined();
    expect(server.polls.slice(before).map(({ leave }) => leave)).toEqual([["456"], []]);
  });

  test("confirms a leave only after the response to a poll", async () => {
    const { server, handle } = await pollingPage();
    server.failures.push(503);
    const reported: string[] = [];
    handle.leaveRoom("456", ({ code }) => reported.push(code));
    await server.advance(500);
    expect(reported).toEqual([]);
    await server.advance(4_000);
    expect(reported).toEqual(["2006"]);
    expect(server.polls.filter(({ leave }) => leave.includes("456"))).toHaveLength(2);
  });

  test("does not leave a room with a later login", async () => {
    const { server, handle } = await pollingPage({ requestTimeoutMs: 1_000 });
    server.failures.push(503, 503);
    handle.leaveRoom("456", () => {});
    await server.advance(1_250);
    handle.loginRoom("456", () => {});
    await server.advance(10_000);
    expect(server.lastPollOf("456")).toBeDefined();
  });

  test("leaves many rooms in several polls", async () => {
    const { server, handle } = await pollingPage();
    const rooms = Array.from({ length: 7 }, (_, at) => `room-${at}`);
    await Promise.all(rooms.map((roomId) => handle.loginRoom(roomId)));
    await Promise.all(rooms.map((roomId) => handle.leaveRoom(roomId)));
    expect(server.polls.flatMap(({ leave }) => leave).toSorted()).toEqual(rooms);
  });

  test("splits many rooms into several requests, as URLs are limited", async () => {
    const server = new PollingServer();
    const { handle, received } = server.page();
    const rooms = Array.from({ length: 90 }, (_, at) => `room-with-a-long-name-${at}`);
    await Promise.all(rooms.map((roomId) => handle.loginRoom(roomId)));
    server.isDown = true;
    server.last.drop();
    await server.advance(8_000);
    server.log("@all", "for everyone");
    for (const roomId of rooms) server.log(roomId, roomId);
    await server.advance(4_000);
    expect(received.toSorted()).toEqual(["for everyone", ...rooms].toSorted());
  });

  test("names a room that it leaves in one request only, although its rooms need several", async () => {
    const { server, handle } = await pollingPage();
    const rooms = Array.from({ length: 60 }, (_, at) => `room-${at}`);
    await Promise.all(rooms.map((roomId) => handle.loginRoom(roomId)));
    const before = server.polls.length;
    expect(await handle.leaveRoom("room-1")).toMatchObject({ code: "2006" });
    await server.advance(1_000);
    expect(server.polls.slice(before).map(({ leave }) => leave)).toEqual([["room-1"], []]);
  });

  test("answers a frame only after send() has returned, as a WebSocket does", async () => {
    const server = new PollingServer();
    const { clock, fetch } = server;
    const options = { pollUrl: "https://push.example/api/poll", clock, fetch, random: Math.random };
    const socket = openPolling({ ...options, requestTimeoutMs: 10_000 }, async () => "a.b.c");
    const received = vi.fn();
    socket.onmessage = received;
    socket.send(JSON.stringify({ action: "publish", roomId: "456", eventName: "say", data: 1, ref: 1 }));
    expect(received).not.toHaveBeenCalled();
    await settled();
    expect(received).toHaveBeenCalledOnce();
    socket.close();
  });

  test("stops when the handle is closed", async () => {
    const { server, handle } = await pollingPage();
    server.failures.push("timeout");
    await server.advance(4_000);
    handle.close();
    await settled();
    expect(server.clock.running).toBe(0);
    expect(server.polling).toBe(0);
  });
});

describe("a slow token function", () => {
  test("causes no poll after the handle is closed", async () => {
    const token = Promise.withResolvers<string>();
    let isSlow = false;
    const { server, handle } = await pollingPage({ token: () => (isSlow ? token.promise : "a.b.c") });
    isSlow = true;
    await server.advance(4_000);
    const polls = server.polls.length;
    handle.close();
    token.resolve("a.b.c");
    await server.advance(1_000);
    expect(server.polls).toHaveLength(polls);
    expect(server.clock.running).toBe(0);
  });

  test("times out like a response, and is called again", async () => {
    let isDead = false;
    const { server, received } = await pollingPage({ token: () => (isDead ? new Promise(() => {}) : "a.b.c") });
    isDead = true;
    await server.advance(4_000);
    isDead = false;
    server.log("456", 2);
    await server.advance(30_000);
    expect(received).toEqual([1, 2]);
  });
});

test("a clock that is set back does not prevent attempts to open a WebSocket", async () => {
  const { server } = await pollingPage();
  const before = server.connections.length;
  server.clock.set(server.clock.now() - 86_400_000);
  await server.advance(120_000);
  expect(server.connections.length).toBeGreaterThan(before);
});

describe("a WebSocket after polling", () => {
  test("is tried about every 60 s, between two polls", async () => {
    const { server } = await pollingPage();
    const before = server.connections.length;
    await server.advance(300_000);
    const attempts = server.connections.length - before;
    expect(attempts).toBeGreaterThanOrEqual(4);
    expect(attempts).toBeLessThanOrEqual(6);
  });

  test("continues with the same session and positions, without losses or duplicates", async () => {
    const { server, received } = await pollingPage();
    server.log("456", 2);
    await server.advance(5_000);
    server.log("456", 3);
    server.isDown = false;
    await server.advance(80_000);
    expect(server.last.isOpen).toBe(true);
    expect(server.last.received[0]).toMatchObject({ action: "hello", session: "session-1" });
    const polls = server.polls.length;
    await server.last.deliver(server.log("456", 4));
    await server.advance(80_000);
    expect(server.polls).toHaveLength(polls);
    expect(received).toEqual([1, 2, 3, 4]);
    server.isDown = true;
    server.last.drop();
    server.log("456", 5);
    await server.advance(10_000);
    expect(server.polls.length).toBeGreaterThan(polls);
    expect(received).toEqual([1, 2, 3, 4, 5]);
  });

  test("is tried earlier for a publish, and sends it", async () => {
    const { server, handle } = await pollingPage();
    await server.advance(10_000);
    server.isDown = false;
    const failed = vi.fn();
    handle.publish("456", "say", "hi", {}, () => {}, failed);
    await server.advance(1_000);
    expect(server.receivedOf("publish")).toMatchObject([{ data: "hi" }]);
    expect(failed).not.toHaveBeenCalled();
  });

  test("that does not open fails the publish with the reason, and polling continues without losses", async () => {
    const { server, handle, received } = await pollingPage();
    await server.advance(10_000);
    const attempts = server.connections.length;
    const published = handle.publish("456", "say", "hi").catch(({ code, msg }) => ({ code, msg }));
    server.log("456", 2);
    await server.advance(5_000);
    expect(await published).toEqual({
      code: "2012",
      msg: "publish: no WebSocket can be opened; publish again later, with the same clientMessageId",
    });
    expect(server.connections.length - attempts).toBe(1);
    expect(received).toEqual([1, 2]);
    // One has just been tried: another publish does not interrupt the polls again.
    expect(await handle.publish("456", "say", "hi").catch(({ code }) => code)).toBe("2012");
    expect(server.connections.length - attempts).toBe(1);
  });

  test("is tried for a publish only after the response to the current poll", async () => {
    const { server, handle } = await pollingPage();
    await server.advance(10_000);
    server.failures.push("timeout");
    await server.advance(3_000);
    expect(server.polling).toBe(1);
    const attempts = server.connections.length;
    handle.publish(
      "456",
      "say",
      "hi",
      {},
      () => {},
      () => {},
    );
    await server.advance(5_000);
    expect(server.connections.length).toBe(attempts);
    await server.advance(8_000);
    expect(server.connections.length).toBeGreaterThan(attempts);
  });
});
