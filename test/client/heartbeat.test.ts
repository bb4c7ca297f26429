import { afterEach, describe, expect, test, vi } from "vitest";
import { settled } from "./support/fake-clock.ts";
import { answerTo, FakeServer, message } from "./support/fake-server.ts";

const connectedPage = async (options = {}) => {
  const server = new FakeServer();
  const handle = server.handle(options);
  await handle.connect();
  return { server, handle, heartbeats: () => server.receivedOf("heartbeat").length };
};

describe("the heartbeat", () => {
  test("is sent after four and a half minutes of silence, and again after as many", async () => {
    const { server, heartbeats } = await connectedPage();
    await server.clock.advance(269_999);
    expect(heartbeats()).toBe(0);
    await server.clock.advance(1);
    expect(heartbeats()).toBe(1);
    await server.clock.advance(270_000);
    expect(heartbeats()).toBe(2);
    expect(server.connections).toHaveLength(1);
  });

  test("is as frequent as the page wants", async () => {
    const { server, heartbeats } = await connectedPage({ heartbeatMs: 5_000 });
    await server.clock.advance(20_000);
    expect(heartbeats()).toBe(4);
  });

  test.each([
    ["a message", JSON.stringify(message(1))],
    ["a frame that it does not know", '{"type":"fromTheFuture"}'],
    ["a frame of API Gateway", '{"message": "Too Many Requests", "connectionId":"a=", "requestId":"b="}'],
  ])("is not needed while %s arrives", async (_, text) => {
    const { server, heartbeats } = await connectedPage({ heartbeatMs: 5_000 });
    for (let at = 0; at < 4; at += 1) {
      await server.clock.advance(4_000);
      await server.last.tellText(text);
    }
    expect(heartbeats()).toBe(0);
  });

  test("that is not answered shows that the connection is dead: another one takes its place", async () => {
    const { server, handle } = await connectedPage();
    await handle.loginRoom("456");
    server.onFrame = (frame) => (frame.action === "heartbeat" ? undefined : answerTo(frame));
    const dead = server.last;
    await server.clock.advance(270_000 + 9_999);
    expect(server.last).toBe(dead);
    await server.clock.advance(1 + 250);
    expect(server.last).not.toBe(dead);
    expect(dead.isOpen).toBe(false);
    expect(server.last.received).toMatchObject([{ action: "hello", rooms: [{}, {}, { roomId: "456" }] }]);
  });

  test("counts as answered by whatever arrives", async () => {
    const { server } = await connectedPage();
    server.onFrame = () => undefined;
    await server.clock.advance(270_000);
    await server.last.tell(server.message("alive"));
    await server.clock.advance(100_000);
    expect(server.connections).toHaveLength(1);
  });

  test("is sent at once when a timer fired late, as after a computer's sleep", async () => {
    const { server, handle, heartbeats } = await connectedPage();
    server.onFrame = (frame) => (frame.action === "loginRoom" ? undefined : answerTo(frame));
    handle.loginRoom("456", () => {});
    await server.clock.sleep(60_000);
    expect(heartbeats()).toBe(1);
  });
});

describe("on suspicion", () => {
  afterEach(() => vi.unstubAllGlobals());

  const page = (visibilityState: string) => Object.assign(new EventTarget(), { visibilityState });

  test.each([
    ["the page becomes visible", "document", page("visible"), "visibilitychange", 1],
    ["the page is hidden", "document", page("hidden"), "visibilitychange", 0],
    ["the network comes back", "window", new EventTarget(), "online", 1],
  ])("a heartbeat is sent at once or not: %s", async (_, name, target, event, sent) => {
    vi.stubGlobal(name, target);
    const { handle, server, heartbeats } = await connectedPage();
    server.onFrame = () => undefined;
    target.dispatchEvent(new Event(event));
    target.dispatchEvent(new Event(event));
    expect(heartbeats()).toBe(sent);
    handle.close();
  });

  test("a window that tells of nothing, as React Native's, hinders nothing", async () => {
    vi.stubGlobal("window", {});
    vi.stubGlobal("document", {});
    const { server, handle } = await connectedPage();
    expect(server.received).toHaveLength(1);
    handle.close();
  });

  test("nothing is watched any more once the handle is closed", async () => {
    const window = new EventTarget();
    const added = vi.spyOn(window, "addEventListener");
    const removed = vi.spyOn(window, "removeEventListener");
    vi.stubGlobal("window", window);
    const { server, handle } = await connectedPage();
    server.last.drop();
    await server.clock.advance(250);
    expect(added).toHaveBeenCalledOnce();
    handle.close();
    expect(removed.mock.calls).toEqual(added.mock.calls);
  });
});

describe("a probe", () => {
  test.each([["before the answer to hello"], ["later"]])("is answered at once %s", async (when) => {
    const server = new FakeServer();
    const handle = server.handle();
    if (when === "later") await handle.connect();
    server.onFrame = () => undefined;
    handle.connect(() => {});
    await settled();
    await server.last.tell({ type: "probe", eventName: "probe", data: {}, nonce: "n-17" });
    expect(server.receivedOf("here")).toEqual([{ action: "here", nonce: "n-17" }]);
    handle.close();
  });
});
