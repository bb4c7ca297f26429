import { describe, expect, test, vi } from "vitest";
import { FakeServer } from "./support/fake-server.ts";

const inRoom456 = async () => {
  const server = new FakeServer();
  const handle = server.handle();
  await handle.loginRoom("456");
  return { server, handle };
};

describe("a listener", () => {
  test("receives data and message of its event, and of no other", async () => {
    const { server, handle } = await inRoom456();
    const received = vi.fn();
    handle.listen("test", received);
    await server.last.deliver(server.message("other", { roomId: "456", eventName: "other" }));
    const sent = server.message({ any: ["thing"] }, { roomId: "456" });
    await server.last.deliver(sent);
    expect(received).toHaveBeenCalledExactlyOnceWith({ any: ["thing"] }, sent);
  });

  test("receives downmsg without an event name", async () => {
    const { server, handle } = await inRoom456();
    const received = vi.fn();
    handle.listen(received);
    await server.last.deliver(server.message(1, { eventName: "downmsg" }));
    await server.last.deliver(server.message(2, { eventName: "test" }));
    expect(received.mock.calls.map(([data]) => data)).toEqual([1]);
  });

  test.each([
    ["of a joined room", { roomId: "456" }, true],
    ["to everyone", {}, true],
    ["to its user", { roomId: "@user" }, true],
    ["of another room", { roomId: "457" }, false],
  ])("receives messages %s: %s", async (_, fields, isShown) => {
    const { server, handle } = await inRoom456();
    const received = vi.fn();
    handle.listen("test", received);
    await server.last.deliver(server.message("hello", fields));
    expect(received).toHaveBeenCalledTimes(isShown ? 1 : 0);
  });

  test("can be added before the login", async () => {
    const server = new FakeServer();
    const handle = server.handle();
    const received = vi.fn();
    handle.listen("test", received);
    await handle.loginRoom("456");
    await server.last.deliver(server.message("hello", { roomId: "456" }));
    expect(received).toHaveBeenCalledOnce();
  });

  test.each([[null], [0], [""], [false], [[]], [{ "2": 1, "1": 2, __proto__: null }]])(
    "receives the data %j",
    async (data) => {
      const { server, handle } = await inRoom456();
      const received = vi.fn();
      handle.listen("test", received);
      await server.last.deliver(server.message(data));
      expect(received).toHaveBeenCalledExactlyOnceWith(data, expect.anything());
    },
  );

  test("is removed by the function that listen returns, without its copies", async () => {
    const { server, handle } = await inRoom456();
    const received = vi.fn();
    const off = handle.listen("test", received);
    handle.listen("test", received);
    off();
    off();
    await server.last.deliver(server.message(1));
    expect(received).toHaveBeenCalledOnce();
  });

  test("that another listener removes is not called any more", async () => {
    const { server, handle } = await inRoom456();
    const second = vi.fn();
    handle.listen("test", () => off());
    const off = handle.listen("test", second);
    await server.last.deliver(server.message(1));
    expect(second).not.toHaveBeenCalled();
  });

  test("that another listener adds receives only later messages", async () => {
    const { server, handle } = await inRoom456();
    const added = vi.fn();
    const off = handle.listen("test", () => {
      off();
      handle.listen("test", added);
    });
    await server.last.deliver(server.message(1));
    expect(added).not.toHaveBeenCalled();
    await server.last.deliver(server.message(2));
    expect(added).toHaveBeenCalledExactlyOnceWith(2, expect.anything());
  });

  test("that throws is reported and does not affect others", async () => {
    const reported = vi.spyOn(console, "error").mockReturnValue();
    const { server, handle } = await inRoom456();
    const received = vi.fn();
    handle.listen("test", () => {
      throw new Error("a defect of the page");
    });
    handle.listen("test", () => Promise.reject(new Error("another one")));
    handle.listen("test", received);
    await server.last.deliver(server.message(1));
    await server.last.deliver(server.message(2));
    expect(received).toHaveBeenCalledTimes(2);
    expect(reported).toHaveBeenCalledTimes(4);
    reported.mockRestore();
  });

  test("receives a duplicate only once", async () => {
    const { server, handle } = await inRoom456();
    const received = vi.fn();
    handle.listen("test", received);
    const twice = server.message(1, { roomId: "456" });
    await server.last.deliver(twice);
    await server.last.deliver(twice);
    await server.last.deliver({ ...twice, roomId: "@user" });
    expect(received).toHaveBeenCalledTimes(2);
  });

  test("receives Downlink's notices connetResp and loginRoomResp", async () => {
    const server = new FakeServer();
    const handle = server.handle();
    const codes: string[] = [];
    handle.listen("connetResp", ({ code }) => codes.push(code));
    handle.listen("loginRoomResp", ({ code }, { type }) => codes.push(code, type));
    await handle.loginRoom("456");
    expect(codes).toEqual(["2001", "2002", "loggedIn"]);
  });

  test("may log in and close", async () => {
    const { server, handle } = await inRoom456();
    handle.listen("test", () => {
      handle.loginRoom("457", () => handle.close());
    });
    await server.last.deliver(server.message(1));
    expect(server.receivedOf("loginRoom").map(({ roomId }) => roomId)).toEqual(["456", "457"]);
    expect(server.clock.running).toBe(0);
  });

  test("must be a function", async () => {
    const { handle } = await inRoom456();
    expect(() => handle.listen("test", undefined as never)).toThrow('listen("test", listener): the listener should be');
  });
});
