import { describe, expect, test } from "vitest";
import { loginFailed } from "./support/fake-server.ts";
import { epoch } from "./support/log-server.ts";
import { PollingServer, pollingPage } from "./support/polling-server.ts";

describe("an invalid request while polling", () => {
  const failure = ({ code, msg }: { code: string; msg: string }) => ({ code, msg });

  test("reaches the server unchanged", async () => {
    const { server, handle } = await pollingPage();
    const before = server.polls.length;
    await handle.loginRoom("457", "loginWhenever", { history: 500, sinc: 1 } as object);
    expect(server.polls[before]?.rooms.find(({ roomId }) => roomId === "457")).toEqual({
      roomId: "457",
      type: "loginWhenever",
      history: 500,
      sinc: 1,
    });
  });

  test("fails with the server's text, and delays no other room", async () => {
    const { server, handle, received } = await pollingPage();
    server.change = (room) => (room.roomId === "457" ? loginFailed("457", "2003", "loginRoom: history") : room);
    const login = handle.loginRoom("457", "loginWhenever", { history: 500 }).catch(failure);
    server.log("456", 2);
    await server.advance(500);
    expect(await login).toEqual({ code: "2003", msg: "loginRoom: history" });
    expect(received).toEqual([1, 2]);
  });

  test("to log in to @all fails immediately, and changes no position", async () => {
    const { server, handle } = await pollingPage();
    expect(await handle.loginRoom("@all").catch(failure)).toEqual({
      code: "2003",
      msg: "loginRoom: roomId @all is reserved: names that start with @ belong to Downlink",
    });
    await server.advance(4_000);
    expect(server.lastPollOf("@all")).toMatchObject({ since: { epoch, seq: 0 } });
  });

  test("with a number as the room id fails immediately", async () => {
    const { server, handle } = await pollingPage();
    const polls = server.polls.length;
    expect(await handle.loginRoom(456 as never).catch(({ code }) => code)).toBe("2003");
    expect(server.polls).toHaveLength(polls);
  });

  test("to leave an invalid room id fails with 2007, and does not affect others", async () => {
    const { server, handle } = await pollingPage();
    const wrong = handle.leaveRoom("a b").catch(({ code }) => code);
    expect(await handle.leaveRoom("456")).toMatchObject({ code: "2006" });
    expect(await wrong).toBe("2007");
    expect(server.polls.flatMap(({ leave }) => leave)).toEqual(["456"]);
  });

  test("to log in to the 101st room fails, as a WebSocket could not restore it", async () => {
    const { handle } = await pollingPage();
    const rooms = Array.from({ length: 99 }, (_, at) => `room-${at}`);
    await Promise.all(rooms.map((roomId) => handle.loginRoom(roomId)));
    expect(await handle.loginRoom("one-more").catch(failure)).toEqual({
      code: "2003",
      msg: "loginRoom: a page may be in 100 rooms, leave one of them first",
    });
    expect(await handle.loginRoom("room-1")).toMatchObject({ code: "2002" });
  });

  test("contains at most 50 rooms, even with short names", async () => {
    const { server, handle } = await pollingPage();
    await Promise.all(Array.from({ length: 80 }, (_, at) => handle.loginRoom(`${at}`)));
    expect(Math.max(...server.polls.map(({ rooms }) => rooms.length))).toBeLessThanOrEqual(50);
  });
});

describe("a poll that is refused with 400", () => {
  const refused = { status: 400, msg: "rooms should be a JSON array" };
  const failure = ({ code, msg }: { code: string; msg: string }) => ({ code, msg });

  test("fails its pending logins and leaves, is not repeated, and does not affect other rooms", async () => {
    const { server, handle, received } = await pollingPage();
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
    expect(received).toEqual([1, 2]);
    server.failures.push(refused);
    expect(await handle.leaveRoom("458").catch(failure)).toEqual({ code: "2007", msg: refused.msg });
  });

  test("without a pending login or leave fails connect, and is repeated at growing intervals", async () => {
    const server = new PollingServer();
    server.isDown = true;
    server.failures.push(...Array(400).fill(refused));
    const { handle } = server.page();
    const reported: string[] = [];
    handle.connect(
      () => {},
      ({ msg }) => reported.push(msg),
    );
    await server.advance(300_000);
    expect(reported).toContain(`hello failed: ${refused.msg}`);
    expect(server.polls.length).toBeGreaterThan(2);
    expect(server.polls.length).toBeLessThan(20);
  });
});
