import { afterEach, describe, expect, test, vi } from "vitest";
import { settled } from "./support/fake-clock.ts";
import { answerTo, connected, evicted, FakeServer, loggedIn, loginFailed } from "./support/fake-server.ts";

const start = { epoch: "k3f9", seq: 0 };
/** The rooms that every `hello` after the first one contains. */
const own = [
  { roomId: "@all", since: start },
  { roomId: "@user", since: start },
];

const rooms = (count: number) => Array.from({ length: count }, (_, at) => `room-${at}`);

describe("a lost connection", () => {
  test("is restored with session and rooms in one round trip", async () => {
    const server = new FakeServer();
    const handle = server.handle();
    server.onFrame = (frame) => (frame.action === "loginRoom" ? loggedIn(frame.roomId, 7) : answerTo(frame));
    await handle.loginRoom("1", "loginWhenLast");
    await handle.loginRoom("2");
    server.last.drop();
    await server.clock.advance(250);
    expect(server.last.received).toEqual([
      {
        action: "hello",
        session: "session-1",
        rooms: [
          ...own,
          { roomId: "1", type: "loginWhenLast", generation: 7, since: start },
          { roomId: "2", generation: 7, since: start },
        ],
        probe: true,
        acks: true,
        ref: 0,
      },
    ]);
    const received = vi.fn();
    handle.listen("test", received);
    await server.last.deliver(server.message("back", { roomId: "1" }));
    expect(received).toHaveBeenCalledOnce();
  });

  test("delivers messages that overtake the response to hello", async () => {
    const server = new FakeServer();
    const handle = server.handle();
    await handle.loginRoom("456");
    const received = vi.fn();
    handle.listen("test", received);
    server.onFrame = () => undefined;
    server.last.drop();
    await server.clock.advance(250);
    await server.last.deliver(server.message("early", { roomId: "456" }));
    expect(received).toHaveBeenCalledOnce();
  });

  test.each([
    ["2003", loginFailed("456", "2003", "not allowed")],
    ["2004", loginFailed("456", "2004")],
    ["2005", evicted("456", 9)],
  ])("reports a membership that ended meanwhile: %s", async (code, result) => {
    const server = new FakeServer();
    const handle = server.handle();
    await handle.loginRoom("456");
    await handle.loginRoom("kept");
    const reported = vi.fn();
    handle.listen("loginRoomResp", reported);
    server.onFrame = () => connected([result, loggedIn("kept")]);
    server.last.drop();
    await server.clock.advance(250);
    expect(reported).toHaveBeenCalledExactlyOnceWith({ code, msg: result.data.msg }, result);
    const received = vi.fn();
    handle.listen("test", received);
    await server.last.deliver(server.message("lost", { roomId: "456" }));
    await server.last.deliver(server.message("kept", { roomId: "kept" }));
    expect(received.mock.calls.map(([data]) => data)).toEqual(["kept"]);
    server.onFrame = answerTo;
    server.last.drop();
    await server.clock.advance(250);
    expect(server.receivedOf("hello").at(-1)?.rooms).toEqual([
      ...own,
      { roomId: "kept", generation: 1, since: { ...start, seq: 1 } },
    ]);
  });

  test("reports an eviction once that arrives both as a notice and in the response to hello", async () => {
    const server = new FakeServer();
    const handle = server.handle();
    await handle.loginRoom("456");
    const reported = vi.fn();
    handle.listen("loginRoomResp", reported);
    server.onFrame = () => undefined;
    server.last.drop();
    await server.clock.advance(250);
    await server.last.deliver(evicted("456", 9));
    await server.last.deliver(connected([evicted("456", 9)]));
    expect(reported).toHaveBeenCalledOnce();
  });

  test("restores more than 50 rooms with several hello frames, generations included", async () => {
    const server = new FakeServer();
    const handle = server.handle();
    await Promise.all(rooms(120).map((roomId) => handle.loginRoom(roomId)));
    server.last.drop();
    await server.clock.advance(250);
    const hellos = server.last.received.filter((frame) => frame.action === "hello");
    expect(server.last.received).toEqual(hellos);
    expect(hellos.map((frame) => frame.rooms?.length)).toEqual([50, 50, 26]);
    expect(hellos.flatMap((frame) => frame.rooms?.slice(own.length))).toEqual(
      rooms(120).map((roomId) => ({ roomId, generation: 1, since: start })),
    );
    expect(hellos.map(({ session }) => session)).toEqual(["session-1", "session-1", "session-1"]);
  });

  test("sends pending requests again, after its rooms are restored", async () => {
    const server = new FakeServer();
    const handle = server.handle();
    await handle.loginRoom("1");
    server.onFrame = () => undefined;
    const login = handle.loginRoom("2");
    server.last.drop();
    server.onFrame = answerTo;
    await server.clock.advance(250);
    expect(await login).toMatchObject({ code: "2002" });
    expect(server.last.received.map(({ action }) => action)).toEqual(["hello", "loginRoom"]);
  });

  test("does not restore a room that the page left", async () => {
    const server = new FakeServer();
    const handle = server.handle();
    await handle.loginRoom("456");
    await handle.leaveRoom("456");
    server.last.drop();
    await server.clock.advance(250);
    expect(server.last.received).toMatchObject([{ action: "hello", session: "session-1", rooms: own }]);
  });

  test("keeps its session when a hello fails", async () => {
    const server = new FakeServer();
    const handle = server.handle();
    await handle.loginRoom("456");
    const data = { code: "2009", msg: "server trouble" } as const;
    server.onFrame = () => ({ type: "helloFailed", eventName: "connetResp", data });
    const onError = vi.fn();
    handle.connect(vi.fn(), onError);
    server.last.drop();
    await server.clock.advance(250);
    expect(onError.mock.calls).toMatchObject([[{ code: "3001", msg: "hello failed: server trouble", cause: data }]]);
    server.onFrame = answerTo;
    await server.clock.advance(500);
    expect(server.last.received).toMatchObject([{ session: "session-1", rooms: [...own, { roomId: "456" }] }]);
  });

  test("has a backoff with a limit that doubles up to 30 s", async () => {
    const server = new FakeServer();
    const limits: number[] = [];
    await server.handle({ random: () => 0.999_999 }).connect();
    server.isDown = true;
    for (let attempt = 0; attempt < 9; attempt += 1) {
      const before = server.connections.length;
      const since = server.clock.now();
      if (attempt === 0) server.last.drop();
      while (server.connections.length === before) await server.clock.advance(100);
      limits.push(server.clock.now() - since);
    }
    expect(limits).toEqual([500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000]);
  });

  test("ignores the frames of a closed connection", async () => {
    const server = new FakeServer();
    const handle = server.handle();
    await handle.loginRoom("456");
    const old = server.last;
    await server.clock.advance(270_000);
    server.onFrame = () => undefined;
    await server.clock.advance(270_000 + 10_000);
    server.onFrame = answerTo;
    await server.clock.advance(250);
    const received = vi.fn();
    handle.listen("test", received);
    old.isOpen = true;
    await old.deliver(server.message("from the dead", { roomId: "456" }));
    old.drop();
    await settled();
    expect(received).not.toHaveBeenCalled();
    expect(server.last.isOpen).toBe(true);
  });
});

describe("during the backoff", () => {
  afterEach(() => vi.unstubAllGlobals());

  test("the client connects immediately when the network comes back", async () => {
    const window = new EventTarget();
    vi.stubGlobal("window", window);
    const server = new FakeServer();
    await server.handle().connect();
    server.last.drop();
    window.dispatchEvent(new Event("online"));
    await settled();
    expect(server.connections).toHaveLength(2);
    await server.clock.advance(30_000);
    expect(server.connections).toHaveLength(2);
  });
});
