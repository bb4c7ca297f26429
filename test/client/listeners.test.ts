import { describe, expect, test, vi } from "vitest";
import { FakeServer } from "./support/fake-server.ts";

const inRoom456 = async () => {
  const server = new FakeServer();
  const handle = server.handle();
  await handle.loginRoom("456");
  return { server, handle };
};

describe("listening", () => {
  test("hears data and message of the event that it names, and no other", async () => {
    const { server, handle } = await inRoom456();
    const heard = vi.fn();
    handle.listen("test", heard);
    await server.last.tell(server.message("other", { roomId: "456", eventName: "other" }));
    const sent = server.message({ any: ["thing"] }, { roomId: "456" });
    await server.last.tell(sent);
    expect(heard).toHaveBeenCalledExactlyOnceWith({ any: ["thing"] }, sent);
  });

  test("hears downmsg when no event is named", async () => {
    const { server, handle } = await inRoom456();
    const heard = vi.fn();
    handle.listen(heard);
    await server.last.tell(server.message(1, { eventName: "downmsg" }));
    await server.last.tell(server.message(2, { eventName: "test" }));
    expect(heard.mock.calls.map(([data]) => data)).toEqual([1]);
  });

  test.each([
    ["of a room that the page is in", { roomId: "456" }, true],
    ["of everyone", {}, true],
    ["of its user", { roomId: "@user" }, true],
    ["of a room that it is not in", { roomId: "457" }, false],
  ])("messages %s are shown: %s", async (_, place, isShown) => {
    const { server, handle } = await inRoom456();
    const heard = vi.fn();
    handle.listen("test", heard);
    await server.last.tell(server.message("hello", place));
    expect(heard).toHaveBeenCalledTimes(isShown ? 1 : 0);
  });

  test("may begin before the login", async () => {
    const server = new FakeServer();
    const handle = server.handle();
    const heard = vi.fn();
    handle.listen("test", heard);
    await handle.loginRoom("456");
    await server.last.tell(server.message("hello", { roomId: "456" }));
    expect(heard).toHaveBeenCalledOnce();
  });

  test.each([[null], [0], [""], [false], [[]], [{ "2": 1, "1": 2, __proto__: null }]])(
    "shows the data %j",
    async (data) => {
      const { server, handle } = await inRoom456();
      const heard = vi.fn();
      handle.listen("test", heard);
      await server.last.tell(server.message(data));
      expect(heard).toHaveBeenCalledExactlyOnceWith(data, expect.anything());
    },
  );

  test("ends by calling what listen returned, for that listener only", async () => {
    const { server, handle } = await inRoom456();
    const heard = vi.fn();
    const off = handle.listen("test", heard);
    handle.listen("test", heard);
    off();
    off();
    await server.last.tell(server.message(1));
    expect(heard).toHaveBeenCalledOnce();
  });

  test("a listener that is taken away by another one is not called any more", async () => {
    const { server, handle } = await inRoom456();
    const second = vi.fn();
    handle.listen("test", () => off());
    const off = handle.listen("test", second);
    await server.last.tell(server.message(1));
    expect(second).not.toHaveBeenCalled();
  });

  test("a listener that is added by another one hears the next message first", async () => {
    const { server, handle } = await inRoom456();
    const added = vi.fn();
    const off = handle.listen("test", () => {
      off();
      handle.listen("test", added);
    });
    await server.last.tell(server.message(1));
    expect(added).not.toHaveBeenCalled();
    await server.last.tell(server.message(2));
    expect(added).toHaveBeenCalledExactlyOnceWith(2, expect.anything());
  });

  test("a listener that throws is reported and harms no other", async () => {
    const reported = vi.spyOn(console, "error").mockReturnValue();
    const { server, handle } = await inRoom456();
    const heard = vi.fn();
    handle.listen("test", () => {
      throw new Error("a defect of the page");
    });
    handle.listen("test", () => Promise.reject(new Error("another one")));
    handle.listen("test", heard);
    await server.last.tell(server.message(1));
    await server.last.tell(server.message(2));
    expect(heard).toHaveBeenCalledTimes(2);
    expect(reported).toHaveBeenCalledTimes(4);
    reported.mockRestore();
  });

  test("a message that arrives twice is shown once", async () => {
    const { server, handle } = await inRoom456();
    const heard = vi.fn();
    handle.listen("test", heard);
    const twice = server.message(1, { roomId: "456" });
    await server.last.tell(twice);
    await server.last.tell(twice);
    await server.last.tell({ ...twice, roomId: "@user" });
    expect(heard).toHaveBeenCalledTimes(2);
  });

  test("hears what Downlink itself sends: connetResp and loginRoomResp", async () => {
    const server = new FakeServer();
    const handle = server.handle();
    const codes: string[] = [];
    handle.listen("connetResp", ({ code }) => codes.push(code));
    handle.listen("loginRoomResp", ({ code }, { type }) => codes.push(code, type));
    await handle.loginRoom("456");
    expect(codes).toEqual(["2001", "2002", "loggedIn"]);
  });

  test("may log in, leave and close from within a listener", async () => {
    const { server, handle } = await inRoom456();
    handle.listen("test", () => {
      handle.loginRoom("457", () => handle.close());
    });
    await server.last.tell(server.message(1));
    expect(server.receivedOf("loginRoom").map(({ roomId }) => roomId)).toEqual(["456", "457"]);
    expect(server.clock.running).toBe(0);
  });

  test("refuses what is no function", async () => {
    const { handle } = await inRoom456();
    expect(() => handle.listen("test", undefined as never)).toThrow('listen("test", listener): the listener should be');
  });
});
