import { describe, expect, onTestFinished, test, vi } from "vitest";
import { settled } from "./support/fake-clock.ts";
import { answerTo, evicted, FakeServer, loggedIn, loginFailed } from "./support/fake-server.ts";

describe("logging in", () => {
  test("connects first and resolves with 2002", async () => {
    const server = new FakeServer();
    expect(await server.handle().loginRoom("456")).toEqual({ code: "2002", msg: "login room (id:456) success" });
    expect(server.received.map(({ action }) => action)).toEqual(["hello", "loginRoom"]);
  });

  test.each(["Blob", "TextEncoder", "window", "document"])(
    "needs no %s, which mini-programs do not have",
    async (name) => {
      vi.stubGlobal(name, undefined);
      onTestFinished(() => void vi.unstubAllGlobals());
      expect(await new FakeServer().handle().loginRoom("456")).toMatchObject({ code: "2002" });
    },
  );

  test("sends the policy if one is given", async () => {
    const server = new FakeServer();
    const handle = server.handle();
    await handle.loginRoom("1");
    await handle.loginRoom("2", "loginWhenLast");
    expect(server.receivedOf("loginRoom")).toEqual([
      { action: "loginRoom", roomId: "1", ref: expect.any(Number) },
      { action: "loginRoom", roomId: "2", type: "loginWhenLast", ref: expect.any(Number) },
    ]);
  });

  test.each<[string, (handle: ReturnType<FakeServer["handle"]>, onOk: () => void) => unknown, object]>([
    ["id, onOk", (handle, onOk) => handle.loginRoom("456", onOk), {}],
    ["id, onOk, onError", (handle, onOk) => handle.loginRoom("456", onOk, vi.fn()), {}],
    ["id, type, onOk", (handle, onOk) => handle.loginRoom("456", "loginWhenever", onOk), { type: "loginWhenever" }],
    [
      "id, type, onOk, onError",
      (handle, onOk) => handle.loginRoom("456", "loginWhenever", onOk, vi.fn()),
      { type: "loginWhenever" },
    ],
    ["id, no type, onOk, onError", (handle, onOk) => handle.loginRoom("456", undefined, onOk, vi.fn()), {}],
  ])("takes callbacks: %s", async (_, login, sent) => {
    const server = new FakeServer();
    const onOk = vi.fn();
    expect(login(server.handle(), onOk)).toBeUndefined();
    await settled();
    expect(onOk).toHaveBeenCalledExactlyOnceWith({ code: "2002", msg: "login room (id:456) success" });
    expect(server.receivedOf("loginRoom")).toEqual([expect.objectContaining({ roomId: "456", ...sent })]);
  });

  test.each([
    ["2003", "roomId is empty"],
    ["2004", "your room id(456) already exist"],
  ] as const)("fails with the server's %s and its text, by promise and by callback", async (code, msg) => {
    const server = new FakeServer();
    server.onFrame = (frame) => (frame.action === "loginRoom" ? loginFailed("456", code, msg) : answerTo(frame));
    const handle = server.handle();
    const failure = { name: "DownlinkError", code, msg, message: msg };
    await expect(handle.loginRoom("456")).rejects.toMatchObject(failure);
    const onError = vi.fn();
    handle.loginRoom("456", vi.fn(), onError);
    await settled();
    expect(onError).toHaveBeenCalledExactlyOnceWith(expect.objectContaining(failure));
  });

  test("handles a failure without a roomId, as for an invalid id", async () => {
    const server = new FakeServer();
    server.onFrame = (frame) => {
      if (frame.action !== "loginRoom") return answerTo(frame);
      return { type: "loginFailed", eventName: "loginRoomResp", data: { code: "2003", msg: "roomId is empty" } };
    };
    await expect(server.handle().loginRoom("456")).rejects.toMatchObject({ code: "2003" });
  });

  test("keeps the membership when a second login with another policy fails", async () => {
    const server = new FakeServer();
    const handle = server.handle();
    await handle.loginRoom("456");
    server.onFrame = () => loginFailed("456", "2004");
    await expect(handle.loginRoom("456", "loginWhenFirst")).rejects.toMatchObject({ code: "2004" });
    const received = vi.fn();
    handle.listen("test", received);
    await server.last.deliver(server.message("still in", { roomId: "456" }));
    expect(received).toHaveBeenCalledOnce();
  });

  test("matches responses to several logins, in any order", async () => {
    const server = new FakeServer();
    const handle = server.handle();
    await handle.connect();
    server.onFrame = () => undefined;
    const logins = Promise.allSettled([handle.loginRoom("1"), handle.loginRoom("2")]);
    const [first, second] = server.receivedOf("loginRoom");
    await server.last.deliver({ ...loginFailed("2", "2004"), ref: second?.ref });
    await server.last.deliver({ ...loggedIn("1"), ref: first?.ref });
    expect(await logins).toMatchObject([{ value: { code: "2002" } }, { reason: { code: "2004" } }]);
  });

  test("delivers messages that overtook the 2002, after it and in order", async () => {
    const server = new FakeServer();
    const handle = server.handle();
    const received: unknown[] = [];
    handle.listen("test", (data) => received.push(data));
    await handle.connect();
    server.onFrame = () => undefined;
    handle.loginRoom("456", ({ code }) => received.push(code));
    await server.last.deliver(server.message("first", { roomId: "456" }));
    await server.last.deliver(server.message("second", { roomId: "456" }));
    expect(received).toEqual([]);
    await server.last.deliver({ ...loggedIn("456"), ref: server.receivedOf("loginRoom")[0]?.ref });
    expect(received).toEqual(["2002", "first", "second"]);
  });
});

describe("leaving", () => {
  test("resolves with 2006 and ends the messages of the room", async () => {
    const server = new FakeServer();
    const handle = server.handle();
    const received = vi.fn();
    handle.listen("test", received);
    await handle.loginRoom("456");
    expect(await handle.leaveRoom("456")).toEqual({ code: "2006", msg: "leave room (id:456) success" });
    await server.last.deliver(server.message("late", { roomId: "456" }));
    expect(received).not.toHaveBeenCalled();
  });

  test("works with callbacks", async () => {
    const server = new FakeServer();
    const onOk = vi.fn();
    server.handle().leaveRoom("456", onOk, vi.fn());
    await settled();
    expect(onOk).toHaveBeenCalledExactlyOnceWith({ code: "2006", msg: "leave room (id:456) success" });
  });

  test("fails with 2007", async () => {
    const server = new FakeServer();
    server.onFrame = (frame) => {
      if (frame.action !== "leaveRoom") return answerTo(frame);
      return { type: "leaveFailed", eventName: "leaveRoomResp", data: { code: "2007", msg: "server trouble" } };
    };
    await expect(server.handle().leaveRoom("456")).rejects.toMatchObject({ code: "2007", msg: "server trouble" });
  });

  // Lambdas run concurrently: the leave could take effect before the login.
  test("waits for a login to the same room, but not to others", async () => {
    const server = new FakeServer();
    const handle = server.handle();
    await handle.connect();
    server.onFrame = () => undefined;
    const done = [handle.loginRoom("1"), handle.leaveRoom("1"), handle.loginRoom("2")];
    expect(server.received.slice(1).map((frame) => `${frame.action} ${"roomId" in frame && frame.roomId}`)).toEqual([
      "loginRoom 1",
      "loginRoom 2",
    ]);
    server.onFrame = answerTo;
    await server.last.deliver({ ...loggedIn("1"), ref: server.receivedOf("loginRoom")[0]?.ref });
    await server.last.deliver({ ...loggedIn("2"), ref: server.receivedOf("loginRoom")[1]?.ref });
    expect(await Promise.all(done)).toMatchObject([{ code: "2002" }, { code: "2006" }, { code: "2002" }]);
  });
});

describe("a login that timed out", () => {
  test("is undone by a leaveRoom, as it may have taken effect and would block others", async () => {
    const server = new FakeServer();
    const handle = server.handle();
    await handle.connect();
    server.onFrame = (frame) => (frame.action === "loginRoom" ? undefined : answerTo(frame));
    const login = expect(handle.loginRoom("456")).rejects.toMatchObject({ code: "3002" });
    await server.clock.advance(9_999);
    expect(server.receivedOf("leaveRoom")).toEqual([]);
    await server.clock.advance(1);
    await login;
    expect(server.receivedOf("leaveRoom")).toEqual([expect.objectContaining({ roomId: "456" })]);
  });

  test("is not undone if the page was a member before", async () => {
    const server = new FakeServer();
    const handle = server.handle();
    await handle.connect();
    await handle.loginRoom("456");
    server.onFrame = (frame) => (frame.action === "loginRoom" ? undefined : answerTo(frame));
    const login = expect(handle.loginRoom("456")).rejects.toMatchObject({ code: "3002" });
    await server.clock.advance(10_000);
    await login;
    expect(server.receivedOf("leaveRoom")).toEqual([]);
  });

  test("is undone once more when it succeeds later", async () => {
    const server = new FakeServer();
    const handle = server.handle();
    await handle.connect();
    server.onFrame = (frame) => (frame.action === "loginRoom" ? undefined : answerTo(frame));
    const login = expect(handle.loginRoom("456")).rejects.toMatchObject({ code: "3002" });
    await server.clock.advance(10_000);
    await login;
    await server.last.deliver({ ...loggedIn("456"), ref: server.receivedOf("loginRoom")[0]?.ref });
    expect(server.receivedOf("leaveRoom")).toHaveLength(2);
  });

  test("is not undone once more when the page logs in again meanwhile", async () => {
    const server = new FakeServer();
    const handle = server.handle();
    await handle.connect();
    server.onFrame = (frame) => (frame.action === "loginRoom" ? undefined : answerTo(frame));
    const first = expect(handle.loginRoom("456")).rejects.toMatchObject({ code: "3002" });
    await server.clock.advance(10_000);
    await first;
    const second = handle.loginRoom("456");
    await server.clock.advance(0);
    const [early, late] = server.receivedOf("loginRoom");
    await server.last.deliver({ ...loggedIn("456"), ref: early?.ref });
    await server.last.deliver({ ...loggedIn("456"), ref: late?.ref });
    expect(await second).toMatchObject({ code: "2002" });
    expect(server.receivedOf("leaveRoom")).toHaveLength(1);
  });

  test("makes no membership if the page's next login is refused", async () => {
    const server = new FakeServer();
    const handle = server.handle();
    const received = vi.fn();
    handle.listen("test", received);
    await handle.connect();
    server.onFrame = () => undefined;
    const logins = Promise.allSettled([handle.loginRoom("456"), handle.loginRoom("456")]);
    await server.clock.advance(9_000);
    const third = handle.loginRoom("456").catch(({ code }) => code);
    await server.clock.advance(1_000);
    expect(await logins).toMatchObject([{ reason: { code: "3002" } }, { reason: { code: "3002" } }]);
    const [early, ...later] = server.receivedOf("loginRoom");
    await server.last.deliver({ ...loggedIn("456", 3), ref: early?.ref });
    await server.last.deliver({ ...loginFailed("456", "2004"), ref: later.at(-1)?.ref });
    expect(await third).toBe("2004");
    await server.last.deliver(server.message("for those inside", { roomId: "456" }));
    expect(received).not.toHaveBeenCalled();
  });

  test("causes no notice of an eviction", async () => {
    const server = new FakeServer();
    const handle = server.handle();
    const received = vi.fn();
    handle.listen("loginRoomResp", received);
    await handle.connect();
    await server.last.deliver(evicted("456", 4));
    expect(received).not.toHaveBeenCalled();
  });
});
