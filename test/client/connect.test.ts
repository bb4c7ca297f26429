import { afterEach, describe, expect, test, vi } from "vitest";
import Default, { DownlinkError, SocketHandle } from "../../client/index.ts";
import { settled } from "./support/fake-clock.ts";
import { FakeServer } from "./support/fake-server.ts";

describe("connecting", () => {
  test("resolves with 2001 once the server has answered hello", async () => {
    const server = new FakeServer();
    expect(await server.handle().connect()).toEqual({ code: "2001", msg: "connect success" });
    expect(server.received).toEqual([{ action: "hello", rooms: [], probe: true, acks: true, ref: 0 }]);
  });

  test("sends the token as a subprotocol, not in the URL", async () => {
    const server = new FakeServer();
    await server.handle({ token: "head.body.sign" }).connect();
    expect(server.last.url).toBe("wss://push.example/socket");
    expect(server.last.protocols).toEqual(["downlink.v1", "token.head.body.sign"]);
  });

  test("calls callbacks, and then returns no promise that could be rejected unhandled", async () => {
    const server = new FakeServer();
    const onOk = vi.fn();
    expect(server.handle().connect(onOk, vi.fn())).toBeUndefined();
    await settled();
    expect(onOk).toHaveBeenCalledExactlyOnceWith({ code: "2001", msg: "connect success" });
  });

  test("calls the functions for url and token before every attempt", async () => {
    const server = new FakeServer();
    const tokens = ["expired.token.1", "fresh.token.2"];
    const url = vi.fn(async () => "wss://push.example/socket");
    server.isDown = true;
    server.handle({ url, token: async () => tokens.shift() ?? "none" }).connect(vi.fn());
    await server.clock.advance(499);
    server.isDown = false;
    await server.clock.advance(1);
    expect(server.connections.map(({ protocols }) => protocols[1])).toEqual([
      "token.expired.token.1",
      "token.fresh.token.2",
    ]);
    expect(url).toHaveBeenCalledTimes(2);
  });

  test("uses one connection for concurrent calls, and settles later calls immediately", async () => {
    const server = new FakeServer();
    const handle = server.handle();
    await Promise.all([handle.connect(), handle.connect(), handle.loginRoom("456")]);
    expect(await handle.connect()).toEqual({ code: "2001", msg: "connect success" });
    expect(server.connections).toHaveLength(1);
  });

  test("starts a new session without rooms after disconnect", async () => {
    const server = new FakeServer();
    const handle = server.handle();
    await handle.loginRoom("456");
    handle.disconnect();
    expect(server.last.isOpen).toBe(false);
    await handle.connect();
    expect(server.last.received).toEqual([{ action: "hello", rooms: [], probe: true, acks: true, ref: 0 }]);
  });
});

describe("an attempt that fails", () => {
  test("rejects the promise with 3001, while the handle keeps trying", async () => {
    const server = new FakeServer();
    server.isDown = true;
    const handle = server.handle();
    await expect(handle.connect()).rejects.toMatchObject({ name: "DownlinkError", code: "3001" });
    server.isDown = false;
    await server.clock.advance(30_000);
    expect(server.received).toHaveLength(1);
  });

  test("calls onError each time, before and after a success", async () => {
    const server = new FakeServer();
    server.isDown = true;
    const onOk = vi.fn();
    const onError = vi.fn();
    server.handle().connect(onOk, onError);
    await server.clock.advance(500 + 1_000);
    expect(onError).toHaveBeenCalledTimes(3);
    expect(onError.mock.calls[0]?.[0]).toBeInstanceOf(DownlinkError);
    server.isDown = false;
    await server.clock.advance(30_000);
    expect(onOk).toHaveBeenCalledOnce();
    server.isDown = true;
    server.last.drop();
    await server.clock.advance(250);
    expect(onError).toHaveBeenCalledTimes(4);
    expect(onOk).toHaveBeenCalledOnce();
  });

  test.each<[string, object, RegExp]>([
    ["the token function throws", { token: () => Promise.reject(new Error("no network for tokens")) }, /no network/],
    [
      "the token function returns nothing",
      { token: () => undefined },
      /option token should return a string, got undef/,
    ],
    ["the token is empty", { token: () => "" }, /option token should return a string, got an empty one/],
    ["the token cannot be a JWT", { token: () => "a b" }, /the token has characters that no JWT has/],
    [
      "the URL is invalid",
      {
        WebSocket: class {
          constructor() {
            throw new SyntaxError("bad url");
          }
        },
      },
      /bad url/,
    ],
  ])("reports the reason: %s", async (_, options, why) => {
    await expect(new FakeServer().handle(options).connect()).rejects.toThrow(why);
  });

  test("reveals neither the token nor the query string of the URL", async () => {
    const server = new FakeServer();
    server.isDown = true;
    const handle = server.handle({ url: "wss://push.example/socket?key=secret", token: "to.ken.secret" });
    const error: unknown = await handle.connect().catch((reason) => reason);
    expect(String(error)).toContain("wss://push.example/socket?…");
    expect(JSON.stringify([String(error), error])).not.toContain("secret");
  });

  test("ends after requestTimeoutMs without a response to hello", async () => {
    const server = new FakeServer();
    server.onFrame = () => undefined;
    const onError = vi.fn();
    server.handle({ requestTimeoutMs: 3_000 }).connect(vi.fn(), onError);
    await server.clock.advance(2_999);
    expect(onError).not.toHaveBeenCalled();
    await server.clock.advance(1);
    expect(onError.mock.calls[0]?.[0].msg).toMatch(/nothing arrived/);
    expect(server.last.isOpen).toBe(false);
  });

  test("ends after requestTimeoutMs when the token function never returns", async () => {
    const server = new FakeServer();
    const handle = server.handle({ token: () => new Promise(() => {}) });
    const connecting = handle.connect();
    const failed = expect(connecting).rejects.toMatchObject({ code: "3001" });
    await server.clock.advance(10_000);
    await failed;
  });
});

test("SocketHandle is the default export and a named one", () => {
  expect(Default).toBe(SocketHandle);
});

describe("options", () => {
  afterEach(() => SocketHandle.configure({ url: "", token: "" }));

  test("can be set once for all handles", async () => {
    const server = new FakeServer();
    SocketHandle.configure({ url: "wss://configured.example", token: "con.figured.token" });
    SocketHandle.configure({ WebSocket: server.WebSocket });
    await new SocketHandle().connect();
    expect(server.last.url).toBe("wss://configured.example");
    await new SocketHandle({ url: "wss://own.example" }).connect();
    expect(server.last.url).toBe("wss://own.example");
    server.last.drop();
  });

  test.each<[object, RegExp]>([
    [{}, /^url is missing: pass .* to new SocketHandle\(\) or SocketHandle.configure\(\)$/],
    [{ url: "wss://push.example" }, /^token is missing/],
    [{ url: 5, token: "a.b.c" }, /^url is missing/],
    [
      { url: "wss://push.example", token: "a.b.c", heartbeatMs: 4_999 },
      /^heartbeatMs should be from 5000 to 570000, got 4999$/,
    ],
    [{ url: "wss://push.example", token: "a.b.c", heartbeatMs: Number.NaN }, /^heartbeatMs should be from 5000/],
    [
      { url: "wss://push.example", token: "a.b.c", requestTimeoutMs: 0 },
      /^requestTimeoutMs should be from 100 to 60000/,
    ],
  ])("%j are refused", (options, message) => {
    expect(() => new SocketHandle(options)).toThrow(message);
    expect(() => new SocketHandle(options)).toThrow(expect.objectContaining({ code: "3004" }) as Error);
  });
});

describe("closing", () => {
  test("stops all timers, closes the connection and fails pending calls", async () => {
    const server = new FakeServer();
    const handle = server.handle();
    await handle.connect();
    server.onFrame = () => undefined;
    const login = handle.loginRoom("456");
    handle.close();
    await expect(login).rejects.toMatchObject({ code: "3003" });
    expect(server.last.isOpen).toBe(false);
    expect(server.clock.running).toBe(0);
  });

  test.each<[string, (server: FakeServer) => Promise<void>]>([
    ["while it connects", async () => {}],
    [
      "while a hello is pending",
      async (server) => {
        server.onFrame = () => undefined;
        await settled();
      },
    ],
    [
      "during the backoff",
      async (server) => {
        server.isDown = true;
        await settled();
      },
    ],
    [
      "while a heartbeat is pending",
      async (server) => {
        await settled();
        server.onFrame = () => undefined;
        await server.clock.advance(270_000);
      },
    ],
  ])("leaves no timer %s", async (_, until) => {
    const server = new FakeServer();
    const handle = server.handle();
    const onError = vi.fn();
    handle.connect(vi.fn(), onError);
    handle.loginRoom("456", () => {});
    await until(server);
    handle.close();
    expect(server.clock.running).toBe(0);
    await server.clock.advance(3_600_000);
    expect(server.connections.length).toBeLessThanOrEqual(1);
  });

  test("opens no connection when the token arrives later", async () => {
    const server = new FakeServer();
    const token = Promise.withResolvers<string>();
    const handle = server.handle({ token: () => token.promise });
    handle.connect(() => {});
    handle.close();
    token.resolve("a.b.c");
    await settled();
    expect(server.connections).toEqual([]);
  });

  test("is permanent", async () => {
    const handle = new FakeServer().handle();
    handle.close();
    handle.close();
    await expect(handle.connect()).rejects.toMatchObject({ code: "3003" });
    await expect(handle.loginRoom("456")).rejects.toMatchObject({ code: "3003", msg: "the handle was closed" });
  });

  test("calls the onError of a pending connect", async () => {
    const server = new FakeServer();
    const handle = server.handle();
    const onError = vi.fn();
    handle.connect(vi.fn(), onError);
    handle.close();
    expect(onError).toHaveBeenCalledExactlyOnceWith(expect.objectContaining({ code: "3003" }));
  });
});
