import { afterEach, describe, expect, onTestFinished, test, vi } from "vitest";
import { DownlinkError, isDownlinkError } from "../../client/index.ts";
import { settled } from "./support/fake-clock.ts";
import { answerTo, connected, FakeServer, loggedIn } from "./support/fake-server.ts";

const gatewayFrame = (text: string) =>
  `{"message": "${text}", "connectionId":"Qyi07eCbtjMCJKw=", "requestId":"Qyi3UG41tjMFlUg="}`;

const silentServer = async () => {
  const server = new FakeServer();
  const handle = server.handle();
  await handle.connect();
  server.onFrame = () => undefined;
  return { server, handle };
};

describe("a request without a response", () => {
  test("fails with 3002 after ten seconds", async () => {
    const { server, handle } = await silentServer();
    const onError = vi.fn();
    handle.loginRoom("456", vi.fn<() => void>(), onError);
    await server.clock.advance(9_999);
    expect(onError).not.toHaveBeenCalled();
    await server.clock.advance(1);
    const msg = "loginRoom of 456 got no response within requestTimeoutMs";
    expect(onError).toHaveBeenCalledExactlyOnceWith(expect.objectContaining({ code: "3002", msg }));
  });

  test("reports the latest connection failure as the cause", async () => {
    const server = new FakeServer();
    server.isDown = true;
    const login = server
      .handle()
      .loginRoom("456")
      .catch((error) => error);
    await server.clock.advance(10_000);
    const error = await login;
    expect(error.code).toBe("3002");
    expect(error.msg).toMatch(/within requestTimeoutMs: the connection failed to open wss:\/\/push\.example\/socket/);
    expect(error.cause).toMatchObject({ code: "3001" });
  });

  test("no longer delays the next request of its room", async () => {
    const { server, handle } = await silentServer();
    const failed = Promise.allSettled([handle.loginRoom("456")]);
    await server.clock.advance(5_000);
    const second = handle.loginRoom("456");
    server.onFrame = answerTo;
    await server.clock.advance(5_000);
    expect(await failed).toMatchObject([{ reason: { code: "3002" } }]);
    expect(await second).toMatchObject({ code: "2002" });
  });
});

describe("an error of API Gateway", () => {
  test.each([["Internal server error"], ["Too Many Requests"], ["Endpoint request timed out"], ["Forbidden"]])(
    '"%s" resends all pending requests',
    async (text) => {
      const { server, handle } = await silentServer();
      const done = Promise.all([handle.loginRoom("1"), handle.leaveRoom("2")]);
      server.onFrame = answerTo;
      await server.last.deliverText(gatewayFrame(text));
      expect(server.receivedOf("loginRoom")).toHaveLength(1);
      await server.clock.advance(500);
      expect(await done).toMatchObject([{ code: "2002" }, { code: "2006" }]);
      const [first, again] = server.receivedOf("loginRoom");
      expect(again).toEqual(first);
    },
  );

  test("is reported as the cause of a timeout after three more attempts", async () => {
    const { server, handle } = await silentServer();
    server.onFrame = (frame, connection) => {
      if (frame.action === "loginRoom")
        queueMicrotask(() => void connection.deliverText(gatewayFrame("Internal server error")));
      return undefined;
    };
    const login = handle.loginRoom("456").catch((error) => error);
    await server.clock.advance(10_000);
    expect(await login).toMatchObject({ code: "3002", cause: { code: "5001" } });
    expect((await login).msg).toMatch(/: API Gateway reported "Internal server error"$/);
    expect(server.receivedOf("loginRoom")).toHaveLength(4);
  });

  test("is no longer reported after a successful response", async () => {
    const { server, handle } = await silentServer();
    await server.last.deliverText(gatewayFrame("Too Many Requests"));
    server.onFrame = answerTo;
    await handle.loginRoom("1");
    server.onFrame = () => undefined;
    const login = handle.loginRoom("2").catch((error) => error);
    await server.clock.advance(10_000);
    expect((await login).msg).toMatch(/within requestTimeoutMs$/);
  });

  test("in response to hello replaces the connection", async () => {
    const server = new FakeServer();
    server.onFrame = () => undefined;
    const onError = vi.fn();
    server.handle().connect(vi.fn<() => void>(), onError);
    await settled();
    await server.last.deliverText(gatewayFrame("Internal server error"));
    expect(onError).toHaveBeenCalledExactlyOnceWith(expect.objectContaining({ code: "3001" }));
    server.onFrame = answerTo;
    await server.clock.advance(500);
    expect(server.receivedOf("hello")).toHaveLength(2);
  });

  test("without a pending request has no effect", async () => {
    const { server } = await silentServer();
    await server.last.deliverText(gatewayFrame("Internal server error"));
    await server.clock.advance(60_000);
    expect(server.received).toHaveLength(1);
  });
});

describe("an unknown frame", () => {
  test.each([
    ["not JSON"],
    [""],
    ["null"],
    ["5"],
    ["[]"],
    ["{}"],
    ['{"type":5}'],
    ['{"type":"constructor","eventName":"test","data":1}'],
    ['{"type":"fromTheFuture","eventName":"test","data":1}'],
    ['{"type":"loggedIn","roomId":"456","generation":9,"epoch":"e","seq":1,"ref":"not mine"}'],
  ])("is ignored: %s", async (text) => {
    const server = new FakeServer();
    const handle = server.handle();
    const received = vi.fn();
    handle.listen("test", received);
    await handle.loginRoom("456");
    await server.last.deliverText(text);
    expect(received).not.toHaveBeenCalled();
    expect(await handle.loginRoom("457")).toMatchObject({ code: "2002" });
  });

  test("a malformed frame is reported, and the next one is handled", async () => {
    const reported = vi.fn();
    vi.stubGlobal("reportError", reported);
    const server = new FakeServer();
    const handle = server.handle();
    server.onFrame = () => undefined;
    const connecting = handle.connect();
    await settled();
    await server.last.deliverText('{"type":"connected","eventName":"connetResp","data":{}}');
    expect(reported).toHaveBeenCalledExactlyOnceWith(expect.any(TypeError));
    await server.last.deliver(connected());
    expect(await connecting).toMatchObject({ code: "2001" });
    vi.unstubAllGlobals();
  });

  test("a binary frame is ignored", async () => {
    const server = new FakeServer();
    const handle = server.handle();
    await handle.connect();
    server.last.onmessage?.({ data: new ArrayBuffer(8) });
    expect(await handle.loginRoom("456")).toMatchObject({ code: "2002" });
  });
});

describe("a refused frame", () => {
  test("fails its request with the server's code", async () => {
    const { server, handle } = await silentServer();
    server.onFrame = () => ({ type: "refused", eventName: "errorResp", data: { code: "4003", msg: "loginRoom: …" } });
    await expect(handle.loginRoom("456")).rejects.toMatchObject({ code: "4003", msg: "loginRoom: …" });
  });

  test("reaches listeners of errorResp when it names no request", async () => {
    const { server, handle } = await silentServer();
    const received = vi.fn();
    handle.listen("errorResp", received);
    const data = { code: "4002", msg: "unknown" } as const;
    await server.last.deliver({ type: "refused", eventName: "errorResp", data });
    expect(received).toHaveBeenCalledExactlyOnceWith(data, expect.anything());
  });
});

describe("callbacks of the page", () => {
  afterEach(() => vi.unstubAllGlobals());

  test("that throw are reported and do not affect others", async () => {
    const reported = vi.fn();
    vi.stubGlobal("reportError", reported);
    const server = new FakeServer();
    const handle = server.handle();
    const defect = new Error("a defect of the page");
    const fails = () => {
      throw defect;
    };
    handle.connect(fails, fails);
    handle.loginRoom("1", fails, fails);
    expect(await handle.loginRoom("2")).toMatchObject({ code: "2002" });
    expect(reported.mock.calls).toEqual([[defect], [defect]]);
  });

  test("are optional: without onError a failure causes no unhandled rejection", async () => {
    const unhandled = vi.fn();
    process.on("unhandledRejection", unhandled);
    const { server, handle } = await silentServer();
    handle.connect(() => {});
    handle.loginRoom("456", () => {});
    handle.leaveRoom("456", () => {});
    server.isDown = true;
    server.last.drop();
    await server.clock.advance(60_000);
    handle.close();
    await settled();
    process.off("unhandledRejection", unhandled);
    expect(unhandled).not.toHaveBeenCalled();
  });
});

test("a WebSocket that throws is reported, and replaced when the heartbeat times out", async () => {
  const reported = vi.fn();
  vi.stubGlobal("reportError", reported);
  onTestFinished(() => void vi.unstubAllGlobals());
  const { server } = await silentServer();
  const defect = new Error("a defect of the WebSocket");
  server.last.send = () => {
    throw defect;
  };
  await server.clock.advance(270_000 + 10_000 + 250);
  expect(reported).toHaveBeenCalledExactlyOnceWith(defect);
  expect(server.connections).toHaveLength(2);
});

describe("DownlinkError", () => {
  test("is an Error with code, msg and cause", () => {
    const cause = new Error("deeper");
    const error = new DownlinkError({ code: "3001", msg: "why", cause });
    expect(error).toBeInstanceOf(Error);
    expect(error).toMatchObject({ name: "DownlinkError", code: "3001", msg: "why", message: "why", cause });
    expect("cause" in new DownlinkError({ code: "3001", msg: "why" })).toBe(false);
  });

  test.each([
    ["an error of this copy of the client", new DownlinkError({ code: "2004", msg: "" }), true],
    ["an error of another copy", Object.assign(new Error("x"), { name: "DownlinkError" }), true],
    ["another error", new TypeError("x"), false],
    ["an object that is no error", { name: "DownlinkError" }, false],
    ["undefined", undefined, false],
  ])("isDownlinkError classifies %s", (_, error, expected) => {
    expect(isDownlinkError(error)).toBe(expected);
  });
});

test("a response on a closed connection settles no request", async () => {
  const { server, handle } = await silentServer();
  const old = server.last;
  const onOk = vi.fn<() => void>();
  handle.loginRoom("456", onOk);
  server.onFrame = (frame) => (frame.action === "loginRoom" ? undefined : answerTo(frame));
  old.drop();
  await server.clock.advance(250);
  old.isOpen = true;
  await old.deliver({ ...loggedIn("456"), ref: server.receivedOf("loginRoom")[0]?.ref });
  expect(onOk).not.toHaveBeenCalled();
  await server.last.deliver({ ...loggedIn("456"), ref: server.receivedOf("loginRoom")[1]?.ref });
  expect(onOk).toHaveBeenCalledOnce();
});
