import { describe, expect, test } from "vitest";
import { loginFailed } from "./support/fake-server.ts";
import { epoch } from "./support/log-server.ts";
import { PolledServer, polledPage } from "./support/polling-server.ts";

describe("a wish that cannot be granted", () => {
  const failure = ({ code, msg }: { code: string; msg: string }) => ({ code, msg });

  test("reaches the server as the page said it", async () => {
    const { server, handle } = await polledPage();
    const before = server.polls.length;
    await handle.loginRoom("457", "loginWhenever", { history: 500, sinc: 1 } as object);
    expect(server.polls[before]?.rooms.find(({ roomId }) => roomId === "457")).toEqual({
      roomId: "457",
      type: "loginWhenever",
      history: 500,
      sinc: 1,
    });
  });

  test("fails with the server's words, and no other room waits", async () => {
    const { server, handle, heard } = await polledPage();
    server.change = (room) => (room.roomId === "457" ? loginFailed("457", "2003", "loginRoom: history") : room);
    const login = handle.loginRoom("457", "loginWhenever", { history: 500 }).catch(failure);
    server.log("456", 2);
    await server.advance(500);
    expect(await login).toEqual({ code: "2003", msg: "loginRoom: history" });
    expect(heard).toEqual([1, 2]);
  });

  test("of a room that everybody is in fails at once, and moves no cursor", async () => {
    const { server, handle } = await polledPage();
    expect(await handle.loginRoom("@all").catch(failure)).toEqual({
      code: "2003",
      msg: "loginRoom: roomId @all is reserved: names that start with @ belong to Downlink",
    });
    await server.advance(4_000);
    expect(server.lastPollOf("@all")).toMatchObject({ since: { epoch, seq: 0 } });
  });

  test("of a room id that is a number fails at once", async () => {
    const { server, handle } = await polledPage();
    const polls = server.polls.length;
    expect(await handle.loginRoom(456 as never).catch(({ code }) => code)).toBe("2003");
    expect(server.polls).toHaveLength(polls);
  });

  test("to leave what can be no room fails with 2007, and leaves the others", async () => {
    const { server, handle } = await polledPage();
    const wrong = handle.leaveRoom("a b").catch(({ code }) => code);
    expect(await handle.leaveRoom("456")).toMatchObject({ code: "2006" });
    expect(await wrong).toBe("2007");
    expect(server.polls.flatMap(({ leave }) => leave)).toEqual(["456"]);
  });

  test("of a hundred and first room fails; so many a WebSocket could not give back", async () => {
    const { handle } = await polledPage();
    const rooms = Array.from({ length: 99 }, (_, at) => `room-${at}`);
    await Promise.all(rooms.map((roomId) => handle.loginRoom(roomId)));
    expect(await handle.loginRoom("one-more").catch(failure)).toEqual({
      code: "2003",
      msg: "loginRoom: a page may be in 100 rooms, leave one of them first",
    });
    expect(await handle.loginRoom("room-1")).toMatchObject({ code: "2002" });
  });

  test("names at most 50 rooms in one poll, however short their names", async () => {
    const { server, handle } = await polledPage();
    await Promise.all(Array.from({ length: 80 }, (_, at) => handle.loginRoom(`${at}`)));
    expect(Math.max(...server.polls.map(({ rooms }) => rooms.length))).toBeLessThanOrEqual(50);
  });
});

describe("a poll that is refused (400)", () => {
  const refused = { status: 400, msg: "rooms should be a JSON array" };
  const failure = ({ code, msg }: { code: string; msg: string }) => ({ code, msg });

  test("tells its words to whoever waits for it, and is not asked again; the other rooms go on", async () => {
    const { server, handle, heard } = await polledPage();
    server.failures.push(refused);
    const polls = server.polls.length;
    const login = handle.loginRoom("457").catch(failure);
    server.log("456", 2);
    await server.advance(250);
    expect(await login).toEqual({ code: "2003", msg: refused.msg });
    expect(server.polls.slice(polls).map(({ rooms }) => rooms.some(({ roomId }) => roomId === "457"))).toEqual([
      true,
      false,
    ]);
    expect(heard).toEqual([1, 2]);
    server.failures.push(refused);
    expect(await handle.leaveRoom("458").catch(failure)).toEqual({ code: "2007", msg: refused.msg });
  });

  test("though nobody asked for anything is told to whoever connects, and tried again more and more seldom", async () => {
    const server = new PolledServer();
    server.isDown = true;
    server.failures.push(...Array(400).fill(refused));
    const { handle } = server.page();
    const told: string[] = [];
    handle.connect(
      () => {},
      ({ msg }) => told.push(msg),
    );
    await server.advance(300_000);
    expect(told).toContain(`hello failed: ${refused.msg}`);
    expect(server.polls.length).toBeGreaterThan(2);
    expect(server.polls.length).toBeLessThan(20);
  });
});
