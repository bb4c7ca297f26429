import { describe, expect, test, vi } from "vitest";
import type { Fetch } from "../../client/index.ts";
// The client loads it when it needs it, which would take longer than a fake clock waits.
import "../../client/poll-socket.ts";
import type { LoginFrame, RoomToRestore, ServerFrame } from "../../protocol/frames.ts";
import { settled } from "./fake-clock.ts";
import { evicted, loggedIn, loginFailed } from "./fake-server.ts";
import { epoch, LoggingServer } from "./logging-server.ts";

const pollUrl = "https://push.example/api/poll";

/** The same server behind a proxy that can kill WebSockets; polls are answered as a `hello` is. */
class PolledServer extends LoggingServer {
  readonly polls: {
    session: string | null;
    rooms: RoomToRestore[];
    leave: string[];
    authorization: string | undefined;
    atMs: number;
  }[] = [];
  /** What the next polls come to instead. */
  readonly failures: (number | "network" | "silence")[] = [];
  retryAfterMs = 3_000;
  change: (room: LoginFrame) => LoginFrame = (room) => room;
  polling = 0;
  mostPolling = 0;

  readonly fetch: Fetch = async (address, { headers, signal }) => {
    const { searchParams, origin, pathname } = new URL(address);
    expect(`${origin}${pathname}`).toBe(pollUrl);
    expect(address.length).toBeLessThan(8_000);
    const rooms: RoomToRestore[] = JSON.parse(searchParams.get("rooms") ?? "");
    const session = searchParams.get("session");
    const leave: string[] = JSON.parse(searchParams.get("leave") ?? "[]");
    this.polls.push({ session, rooms, leave, authorization: headers.Authorization, atMs: this.clock.now() });
    this.polling += 1;
    this.mostPolling = Math.max(this.mostPolling, this.polling);
    try {
      await settled();
      const failure = this.failures.shift();
      if (failure === "network") throw new TypeError("fetch failed");
      if (failure === "silence")
        await new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
      const hello = this.answer({ action: "hello", rooms }) as ServerFrame & { type: "connected" };
      const body = {
        data: hello.data,
        session: session ?? "session-1",
        rooms: hello.rooms.map(this.change),
        retryAfterMs: this.retryAfterMs,
      };
      const status = typeof failure === "number" ? failure : 200;
      return { status, json: async () => body, arrayBuffer: async () => new ArrayBuffer(0) };
    } finally {
      this.polling -= 1;
    }
  };

  page(options = {}) {
    const handle = this.handle({ pollUrl, fetch: this.fetch, ...options });
    const heard: unknown[] = [];
    handle.listen("test", (data) => heard.push(data));
    return { handle, heard };
  }

  /** A poll takes more turns than a frame. */
  async advance(ms: number) {
    for (let passed = 0; passed < ms; passed += 250) {
      await this.clock.advance(Math.min(250, ms - passed));
      for (let turn = 0; turn < 3; turn += 1) await settled();
    }
  }

  lastPollOf(roomId: string) {
    return this.polls.at(-1)?.rooms.find((room) => room.roomId === roomId);
  }
}

/** A page that was in room 456 by a WebSocket, had message 1, and polls now. */
const polledPage = async (options = {}) => {
  const server = new PolledServer();
  const { handle, heard } = server.page(options);
  await handle.loginRoom("456", "loginWhenLast");
  await server.last.tell(server.log("456", 1));
  server.isDown = true;
  server.last.drop();
  await server.advance(6_000);
  return { server, handle, heard };
};

describe("polling", () => {
  test("begins after three attempts that failed, with the same session, places and cursors", async () => {
    const { server } = await polledPage();
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

  test("does not begin without a pollUrl", async () => {
    const { server } = await polledPage({ pollUrl: undefined });
    await server.advance(60_000);
    expect(server.polls).toEqual([]);
  });

  test("serves a page that never had a WebSocket", async () => {
    const server = new PolledServer();
    server.isDown = true;
    const { handle, heard } = server.page();
    const login = handle.loginRoom("456");
    await server.advance(6_000);
    expect(await login).toMatchObject({ code: "2002" });
    expect(server.polls[0]).toMatchObject({ session: null, rooms: [] });
    server.log("456", "one");
    server.log("@all", "two");
    await server.advance(3_000);
    expect(heard.toSorted()).toEqual(["one", "two"]);
    expect(server.polls.at(-1)?.session).toBe("session-1");
  });

  test("brings what comes, in order and once; the cursor of the next poll is the ack", async () => {
    const { server, heard } = await polledPage();
    for (let data = 2; data < 12; data += 1) server.log("456", data);
    await server.advance(12_000);
    expect(heard).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
    expect(server.lastPollOf("456")).toMatchObject({ generation: 1, since: { epoch, seq: 11 } });
  });

  test("waits as long as the answer says, and one poll for the other", async () => {
    const { server, handle } = await polledPage();
    server.failures.push("silence");
    await server.advance(3_000);
    expect(server.polling).toBe(1);
    void handle.loginRoom("457").catch(() => {});
    await server.advance(1_000);
    expect(server.mostPolling).toBe(1);
    await server.advance(20_000);
    server.retryAfterMs = 7_000;
    await server.advance(20_000);
    const times = server.polls.slice(-2).map(({ atMs }) => atMs);
    expect((times[1] ?? 0) - (times[0] ?? 0)).toBeGreaterThanOrEqual(7_000);
  });

  test("logs in to further rooms at once, with the wish to catch up", async () => {
    const { server, handle, heard } = await polledPage();
    for (const data of ["a", "b", "c"]) server.log("457", data);
    server.retryAfterMs = 60_000;
    const login = handle.loginRoom("457", "loginWhenever", { history: 2 });
    await server.advance(3_000);
    expect(await login).toMatchObject({ code: "2002", recovered: true });
    expect(heard).toEqual([1, "b", "c"]);
    server.retryAfterMs = 3_000;
    await server.advance(60_000);
    expect(heard).toEqual([1, "b", "c"]);
    expect(server.lastPollOf("457")).toEqual({
      roomId: "457",
      type: "loginWhenever",
      generation: 1,
      since: { epoch, seq: 3 },
    });
  });

  test("fails a login that the server refuses", async () => {
    const { server, handle } = await polledPage();
    server.change = (room) => (room.roomId === "457" ? loginFailed("457", "2004") : room);
    const login = handle.loginRoom("457").catch(({ code }) => code);
    await server.advance(4_000);
    expect(await login).toBe("2004");
    await server.advance(4_000);
    expect(server.lastPollOf("457")).toBeUndefined();
    expect(server.lastPollOf("456")).toBeDefined();
  });

  test("tells an eviction, once, and asks for the room no more", async () => {
    const { server, handle, heard } = await polledPage();
    const told = vi.fn();
    handle.listen("loginRoomResp", ({ code }) => told(code));
    server.change = (room) => (room.roomId === "456" ? evicted("456", 9) : room);
    await server.advance(4_000);
    expect(told).toHaveBeenCalledExactlyOnceWith("2005");
    server.log("456", 2);
    await server.advance(10_000);
    expect(heard).toEqual([1]);
    expect(server.lastPollOf("456")).toBeUndefined();
  });

  test("tells that a log cannot be caught up", async () => {
    const { server, handle } = await polledPage();
    const told = vi.fn();
    handle.listen("loginRoomResp", (_, frame) => told(frame));
    const lost = { ...loggedIn("456"), epoch: "new1", seq: 7, recovered: false, missed: [], upTo: 7 };
    server.change = (room) => (room.roomId === "456" ? lost : room);
    await server.advance(4_000);
    expect(told).toHaveBeenCalledWith(expect.objectContaining({ roomId: "456", recovered: false }));
    expect(server.lastPollOf("456")?.since).toEqual({ epoch: "new1", seq: 7 });
  });

  test("leaves with the next poll, and asks for the room no more", async () => {
    const { server, handle } = await polledPage();
    const before = server.polls.length;
    expect(await handle.leaveRoom("456")).toEqual({ code: "2006", msg: "leave room (id:456) success" });
    await server.advance(4_000);
    expect(server.lastPollOf("456")).toBeUndefined();
    expect(server.polls.slice(before).map(({ leave }) => leave)).toEqual([["456"], []]);
  });

  test("says that it has left only when a poll was answered", async () => {
    const { server, handle } = await polledPage();
    server.failures.push(503);
    const told: string[] = [];
    handle.leaveRoom("456", ({ code }) => told.push(code));
    await server.advance(500);
    expect(told).toEqual([]);
    await server.advance(4_000);
    expect(told).toEqual(["2006"]);
    expect(server.polls.filter(({ leave }) => leave.includes("456"))).toHaveLength(2);
  });

  test("does not leave a room that it has logged in to again meanwhile", async () => {
    const { server, handle } = await polledPage({ requestTimeoutMs: 1_000 });
    server.failures.push(503, 503);
    handle.leaveRoom("456", () => {});
    await server.advance(1_250);
    handle.loginRoom("456", () => {});
    await server.advance(10_000);
    expect(server.lastPollOf("456")).toBeDefined();
  });

  test("leaves many rooms in several polls", async () => {
    const { server, handle } = await polledPage();
    const rooms = Array.from({ length: 7 }, (_, at) => `room-${at}`);
    await Promise.all(rooms.map((roomId) => handle.loginRoom(roomId)));
    await Promise.all(rooms.map((roomId) => handle.leaveRoom(roomId)));
    expect(server.polls.flatMap(({ leave }) => leave).toSorted()).toEqual(rooms);
  });

  test("asks for as many rooms at once as an address can hold", async () => {
    const server = new PolledServer();
    const { handle, heard } = server.page();
    const rooms = Array.from({ length: 90 }, (_, at) => `room-with-a-long-name-${at}`);
    await Promise.all(rooms.map((roomId) => handle.loginRoom(roomId)));
    server.isDown = true;
    server.last.drop();
    await server.advance(8_000);
    server.log("@all", "for everyone");
    for (const roomId of rooms) server.log(roomId, roomId);
    await server.advance(4_000);
    expect(heard.toSorted()).toEqual(["for everyone", ...rooms].toSorted());
  });

  test("stops with the handle", async () => {
    const { server, handle } = await polledPage();
    server.failures.push("silence");
    await server.advance(4_000);
    handle.close();
    await settled();
    expect(server.clock.running).toBe(0);
    expect(server.polling).toBe(0);
  });
});

describe("a token that takes its time", () => {
  test("is used for no poll any more once the handle is closed", async () => {
    const token = Promise.withResolvers<string>();
    let isSlow = false;
    const { server, handle } = await polledPage({ token: () => (isSlow ? token.promise : "a.b.c") });
    isSlow = true;
    await server.advance(4_000);
    const polls = server.polls.length;
    handle.close();
    token.resolve("a.b.c");
    await server.advance(1_000);
    expect(server.polls).toHaveLength(polls);
    expect(server.clock.running).toBe(0);
  });

  test("is waited for as long as an answer, and asked for again", async () => {
    let isDead = false;
    const { server, heard } = await polledPage({ token: () => (isDead ? new Promise(() => {}) : "a.b.c") });
    isDead = true;
    await server.advance(4_000);
    isDead = false;
    server.log("456", 2);
    await server.advance(30_000);
    expect(heard).toEqual([1, 2]);
  });
});

test("a computer's clock that is set back does not keep a page from trying a WebSocket", async () => {
  const { server } = await polledPage();
  const before = server.connections.length;
  server.clock.set(server.clock.now() - 86_400_000);
  await server.advance(120_000);
  expect(server.connections.length).toBeGreaterThan(before);
});

describe("polls that fail", () => {
  test.each([[500], [429], ["network"], ["silence"]] as const)(
    "(%s) are asked again after a pause, and nothing is lost",
    async (failure) => {
      const { server, heard } = await polledPage();
      server.failures.push(failure, failure);
      server.log("456", 2);
      const before = server.polls.length;
      await server.advance(30_000);
      expect(heard).toEqual([1, 2]);
      const [first, second, third] = server.polls.slice(before).map(({ atMs }) => atMs);
      expect((second ?? 0) - (first ?? 0)).toBeGreaterThanOrEqual(1_000);
      expect((third ?? 0) - (second ?? 0)).toBeGreaterThan((second ?? 0) - (first ?? 0));
    },
  );

  test("again and again give way to a WebSocket, and the other way round", async () => {
    const { server, heard } = await polledPage();
    server.failures.push(...Array(400).fill(401));
    server.log("456", 2);
    const [polls, connections] = [server.polls.length, server.connections.length];
    await server.advance(120_000);
    expect(server.polls.length - polls).toBeGreaterThan(4);
    expect(server.polls.length - polls).toBeLessThan(40);
    expect(server.connections.length - connections).toBeGreaterThan(2);
    server.failures.length = 0;
    await server.advance(60_000);
    expect(heard).toEqual([1, 2]);
  });
});

describe("a WebSocket that works again", () => {
  test("is tried about every 60 s, between two polls", async () => {
    const { server } = await polledPage();
    const before = server.connections.length;
    await server.advance(300_000);
    const tries = server.connections.length - before;
    expect(tries).toBeGreaterThanOrEqual(4);
    expect(tries).toBeLessThanOrEqual(6);
  });

  test("takes over with the same session and cursors: nothing is lost and nothing comes twice", async () => {
    const { server, heard } = await polledPage();
    server.log("456", 2);
    await server.advance(5_000);
    server.log("456", 3);
    server.isDown = false;
    await server.advance(80_000);
    expect(server.last.isOpen).toBe(true);
    expect(server.last.received[0]).toMatchObject({ action: "hello", session: "session-1" });
    const polls = server.polls.length;
    await server.last.tell(server.log("456", 4));
    await server.advance(80_000);
    expect(server.polls).toHaveLength(polls);
    expect(heard).toEqual([1, 2, 3, 4]);
    server.isDown = true;
    server.last.drop();
    server.log("456", 5);
    await server.advance(10_000);
    expect(server.polls.length).toBeGreaterThan(polls);
    expect(heard).toEqual([1, 2, 3, 4, 5]);
  });

  test("sends what the page published meanwhile", async () => {
    const { server, handle } = await polledPage({ requestTimeoutMs: 60_000, random: () => 0 });
    void handle.publish("456", "say", "hi").catch(() => {});
    server.isDown = false;
    await server.advance(59_000);
    expect(server.receivedOf("publish")).toMatchObject([{ data: "hi" }]);
  });
});
