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
  test("is sent every four and a half minutes without a frame", async () => {
    const { server, heartbeats } = await connectedPage();
    await server.clock.advance(269_999);
    expect(heartbeats()).toBe(0);
    await server.clock.advance(1);
    expect(heartbeats()).toBe(1);
    await server.clock.advance(270_000);
    expect(heartbeats()).toBe(2);
    expect(server.connections).toHaveLength(1);
  });

  test("has the interval of the option heartbeatMs", async () => {
    const { server, heartbeats } = await connectedPage({ heartbeatMs: 5_000 });
    await server.clock.advance(20_000);
    expect(heartbeats()).toBe(4);
  });

  test.each([
    ["a message", JSON.stringify(message(1))],
    ["an unknown frame", '{"type":"fromTheFuture"}'],
    ["an error of API Gateway", '{"message": "Too Many Requests", "connectionId":"a=", "requestId":"b="}'],
  ])("is not sent while frames arrive: %s", async (_, text) => {
    const { server, heartbeats } = await connectedPage({ heartbeatMs: 5_000 });
    for (let at = 0; at < 4; at += 1) {
      await server.clock.advance(4_000);
      await server.last.deliverText(text);
    }
    expect(heartbeats()).toBe(0);
  });

  test("without a response replaces the connection", async () => {
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

  test("is answered by any frame", async () => {
    const { server } = await connectedPage();
    server.onFrame = () => undefined;
    await server.clock.advance(270_000);
    await server.last.deliver(server.message("alive"));
    await server.clock.advance(100_000);
    expect(server.connections).toHaveLength(1);
  });

  test("is sent immediately after a late timer, as when the device slept", async () => {
    const { server, handle, heartbeats } = await connectedPage();
    server.onFrame = (frame) => (frame.action === "loginRoom" ? undefined : answerTo(frame));
    handle.loginRoom("456", () => {});
    await server.clock.sleep(60_000);
    expect(heartbeats()).toBe(1);
  });
});

describe("a wake event", () => {
  afterEach(() => vi.unstubAllGlobals());

  const page = (visibilityState: string) => Object.assign(new EventTarget(), { visibilityState });

  test.each([
    ["the page becomes visible", "document", page("visible"), "visibilitychange", 1],
    ["the page is hidden", "document", page("hidden"), "visibilitychange", 0],
    ["the network comes back", "window", new EventTarget(), "online", 1],
  ])("may cause a heartbeat: %s", async (_, name, target, event, sent) => {
    vi.stubGlobal(name, target);
    const { handle, server, heartbeats } = await connectedPage();
    server.onFrame = () => undefined;
    target.dispatchEvent(new Event(event));
    target.dispatchEvent(new Event(event));
    expect(heartbeats()).toBe(sent);
    handle.close();
  });

  test("is not required: the window of React Native has none", async () => {
    vi.stubGlobal("window", {});
    vi.stubGlobal("document", {});
    const { server, handle } = await connectedPage();
    expect(server.received).toHaveLength(1);
    handle.close();
  });

  test("is not watched after the handle is closed", async () => {
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
  test.each([["before the response to hello"], ["later"]])("is answered immediately %s", async (when) => {
    const server = new FakeServer();
    const handle = server.handle();
    if (when === "later") await handle.connect();
    server.onFrame = () => undefined;
    handle.connect(() => {});
    await settled();
    await server.last.deliver({ type: "probe", eventName: "probe", data: {}, nonce: "n-17" });
    expect(server.receivedOf("here")).toEqual([{ action: "here", nonce: "n-17" }]);
    handle.close();
  });
});
