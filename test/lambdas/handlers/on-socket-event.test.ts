import { beforeEach, describe, expect, test, vi } from "vitest";
import type { Caller, Connection } from "../../../lambdas/domain/model/connection.ts";
import type { Deps } from "../../../lambdas/domain/model/deps.ts";
import { onSocketEvent, type SocketOperations } from "../../../lambdas/handlers/on-socket-event.ts";
import type { SocketEvent } from "../../../lambdas/handlers/socket-event.ts";
import type { ServerFrame } from "../../../protocol/frames.ts";

const authorizer = { subject: "ann", rooms: '["*"]', publish: "[]", tokenExpiresAt: "1700000000" };
const ann: Caller = {
  connectionId: "abc=",
  transport: "websocket",
  connectedAtMs: 5,
  subject: "ann",
  grants: { rooms: ["*"], publish: [] },
  tokenExpiresAtMs: 1_700_000_000_000,
};
const row: Connection = { ...ann, subject: "ann of the row", session: "s", probe: false, acks: false };
const left: ServerFrame = {
  type: "left",
  eventName: "leaveRoomResp",
  data: { code: "2006", msg: "ok" },
  roomId: "456",
};

let calls: unknown[][];
let operations: SocketOperations;
let printed: string[];
/** Connection and text of each post. */
let posted: string[][];
beforeEach(() => {
  calls = [];
  const operation =
    (name: string, frame?: ServerFrame) =>
    async (_: Deps, ...rest: unknown[]) => {
      calls.push([name, ...rest]);
      return frame;
    };
  const silentOperation = (name: string) => async (_: Deps, caller: unknown) => void calls.push([name, caller]);
  operations = {
    connect: silentOperation("connect"),
    disconnect: silentOperation("disconnect"),
    frames: {
      hello: operation("hello", left),
      loginRoom: operation("loginRoom", left),
      leaveRoom: operation("leaveRoom", left),
      publish: operation("publish", left),
      ack: operation("ack"),
      replay: operation("replay", left),
      here: operation("here"),
    },
  };
  printed = [];
  posted = [];
  vi.spyOn(console, "error").mockImplementation((entry) => void printed.push(JSON.stringify(entry)));
});

interface Sent {
  routeKey?: string;
  /** @default the type that belongs to the route key */
  eventType?: SocketEvent["requestContext"]["eventType"];
  body?: unknown;
  /** Without the authorizer's context, which AWS documents for `$connect` only. */
  bare?: boolean;
  stored?: Connection;
}
const typeOf = (routeKey: string) =>
  routeKey === "$connect" ? "CONNECT" : routeKey === "$disconnect" ? "DISCONNECT" : "MESSAGE";
async function handle({ routeKey = "$default", eventType = typeOf(routeKey), body, bare = false, stored }: Sent) {
  const post = async (...sent: string[]) => {
    posted.push(sent);
    return "sent";
  };
  const deps = { connections: { get: async () => stored }, gateway: { post } } as unknown as Deps;
  const event: SocketEvent = {
    requestContext: {
      ...{ eventType, routeKey, connectionId: "abc=", connectedAt: 5, requestTimeEpoch: 9 },
      ...(bare ? {} : { authorizer }),
    },
    ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) }),
  };
  const result = await onSocketEvent(() => deps, operations)(event);
  return { ...result, reply: result.body === undefined ? undefined : JSON.parse(result.body) };
}
const send = (frame: Record<string, unknown>, rest: Sent = {}) =>
  handle({ routeKey: String(frame.action), body: frame, ...rest });

describe("$connect", () => {
  test("connects the caller that the authorizer identified", async () => {
    expect(await handle({ routeKey: "$connect" })).toMatchObject({ statusCode: 200 });
    expect(calls).toEqual([["connect", ann]]);
  });

  test("without an authorizer fails", async () => {
    await expect(handle({ routeKey: "$connect", bare: true })).rejects.toThrow("without an authorizer");
    expect(calls).toEqual([]);
  });

  test("that cannot be written fails, so that the page retries", async () => {
    operations.connect = () => Promise.reject(new Error("throttled"));
    await expect(handle({ routeKey: "$connect" })).rejects.toThrow("throttled");
  });
});

test.each(["$disconnect", "$connect"])(
  "a client's message is never taken for %s, whatever its route key",
  async (routeKey) => {
    const { body } = await handle({ routeKey, eventType: "MESSAGE", body: { action: routeKey } });
    expect(calls).toEqual([]);
    expect(JSON.parse(body ?? "")).toMatchObject({ type: "refused", data: { code: "4002" } });
  },
);

describe("$disconnect", () => {
  test("disconnects, with or without the authorizer's context", async () => {
    await handle({ routeKey: "$disconnect" });
    await handle({ routeKey: "$disconnect", bare: true });
    expect(calls).toEqual([
      ["disconnect", "abc="],
      ["disconnect", "abc="],
    ]);
  });
});

describe("a frame", () => {
  test("reaches its operation with the caller, and returns the operation's reply", async () => {
    const { statusCode, reply } = await send({ action: "leaveRoom", roomId: "456" });
    expect(calls).toEqual([["leaveRoom", { ...ann, requestedAtMs: 9 }, { action: "leaveRoom", roomId: "456" }]]);
    expect({ statusCode, reply }).toEqual({ statusCode: 200, reply: left });
  });

  test.each([
    ["a string", "r-1"],
    ["a number", 0],
  ])("with %s as ref gets it back", async (_, ref) => {
    expect((await send({ action: "leaveRoom", roomId: "456", ref })).reply).toEqual({ ...left, ref });
  });

  test("without a reply has no body", async () => {
    expect(await send({ action: "here", nonce: "n" })).toEqual({ statusCode: 200, reply: undefined });
    expect(calls).toHaveLength(1);
  });

  test("keeps the text of published data: numbers, key order, and spaces", async () => {
    const data = '{ "2":1, "1":12345678901234567890 }';
    const rest = '"roomId":"456","eventName":"e","clientMessageId":"c"';
    await handle({ routeKey: "publish", body: `{"action":"publish",${rest}, "data": ${data} }` });
    expect(calls[0]?.[2]).toMatchObject({ action: "publish", rawData: data });
  });

  test("is handled by its action, whatever its route", async () => {
    await handle({ routeKey: "$default", body: { action: "leaveRoom", roomId: "456" } });
    expect(calls[0]?.[0]).toBe("leaveRoom");
  });
});

describe("a frame that is refused", () => {
  test.each([
    ["$default", "not JSON", "refused", "errorResp", "4001"],
    ["$default", "[]", "refused", "errorResp", "4001"],
    ["$default", undefined, "refused", "errorResp", "4001"],
    ["$default", { action: "fly" }, "refused", "errorResp", "4002"],
    ["$default", { action: "constructor" }, "refused", "errorResp", "4002"],
    ["$default", { action: "$connect" }, "refused", "errorResp", "4002"],
    ["here", { action: "here" }, "refused", "errorResp", "4003"],
    ["hello", { action: "hello", session: 1 }, "helloFailed", "connetResp", "2009"],
    ["loginRoom", { action: "loginRoom" }, "loginFailed", "loginRoomResp", "2003"],
    ["loginRoom", { action: "loginRoom", roomId: "@all" }, "loginFailed", "loginRoomResp", "2003"],
    ["leaveRoom", { action: "leaveRoom", roomId: "a b" }, "leaveFailed", "leaveRoomResp", "2007"],
    ["publish", { action: "publish", roomId: "456" }, "publishFailed", "publishResp", "2012"],
    ["replay", { action: "replay", roomId: "456", toUser: "ann", after: 0 }, "replayFailed", "replayResp", "2014"],
  ])("on %s: %j gets %s, %s %s", async (routeKey, body, type, eventName, code) => {
    const { statusCode, reply } = await handle({ routeKey, body });
    expect(statusCode).toBe(200);
    expect(reply).toEqual({ type, eventName, data: { code, msg: expect.any(String) } });
    expect(calls).toEqual([]);
    expect(printed).toEqual([]);
  });

  test.each([
    [{ action: "publish", roomId: "456", clientMessageId: "c-1", qos: 3 }, { clientMessageId: "c-1" }],
    [{ action: "loginRoom", roomId: "456", type: "loginWhenEver" }, { roomId: "456" }],
    [{ action: "leaveRoom", roomId: "456", type: "loginWhenever" }, { roomId: "456" }],
  ])("as %j gets a reply with its ids", async (frame, names) => {
    const { reply } = await send(frame);
    expect(reply).toEqual({
      type: expect.any(String),
      eventName: expect.any(String),
      data: expect.anything(),
      ...names,
    });
  });

  test("gets its ref back", async () => {
    expect((await send({ action: "loginRoom", ref: 7 })).reply).toMatchObject({ type: "loginFailed", ref: 7 });
    expect((await handle({ body: { action: "fly", ref: "x" } })).reply).toMatchObject({ type: "refused", ref: "x" });
  });

  test("gets no malformed ref back", async () => {
    const { reply } = await send({ action: "loginRoom", roomId: "456", ref: { a: 1 } });
    expect(reply).toMatchObject({ type: "loginFailed", data: { msg: expect.stringContaining("ref") } });
    expect(reply).not.toHaveProperty("ref");
  });
});

describe("an ack, whose route has no response,", () => {
  const ack = { action: "ack", rooms: [{ roomId: "456", epoch: "e", seq: 1 }] };
  const data = { code: "2013" as const, msg: "more is waiting" };
  const behindFrame: ServerFrame = { type: "behind", eventName: "ackResp", data, rooms: ["456"] };

  test("has no reply if it succeeds", async () => {
    expect(await send(ack)).toEqual({ statusCode: 200, reply: undefined });
    expect(posted).toEqual([]);
  });

  test("gets its reply by a post, with its ref", async () => {
    operations.frames.ack = async () => behindFrame;
    expect(await send({ ...ack, ref: 3 })).toEqual({ statusCode: 200, reply: undefined });
    expect(posted).toEqual([["abc=", JSON.stringify({ ...behindFrame, ref: 3 })]]);
  });

  test("that is refused gets its reply by a post too", async () => {
    await send({ ...ack, rooms: [{ roomId: "456", epoch: "e", seq: -1 }] });
    expect(posted.map(([, text = ""]) => JSON.parse(text))).toEqual([
      { type: "refused", eventName: "errorResp", data: { code: "4003", msg: expect.any(String) } },
    ]);
    expect(calls).toEqual([]);
  });

  test("succeeds although its post failed; the failure is logged", async () => {
    operations.frames.ack = async () => behindFrame;
    posted.push = () => {
      throw new Error("403");
    };
    expect(await send(ack)).toMatchObject({ statusCode: 200 });
    expect(printed).toEqual([expect.stringContaining('"routeKey":"ack"')]);
  });
});

describe("an event without the authorizer's context", () => {
  test("takes the caller from the connection's row", async () => {
    await send({ action: "leaveRoom", roomId: "456" }, { bare: true, stored: row });
    expect(calls[0]?.[1]).toEqual({ ...row, requestedAtMs: 9 });
  });

  test.each([
    [
      "loginRoom",
      { action: "loginRoom", roomId: "456", ref: 1 },
      { type: "loginFailed", data: { code: "2003" }, ref: 1 },
    ],
    ["hello", { action: "hello" }, { type: "helloFailed", data: { code: "2009" } }],
    ["here", { action: "here", nonce: "n" }, { type: "refused", data: { code: "5001" } }],
  ])("and without a row gets the failure of %s", async (_, frame, reply) => {
    const { reply: got } = await send(frame, { bare: true });
    expect(got).toMatchObject(reply);
    expect(got.data.msg).toBe("the connection is not known any more");
    expect(calls).toEqual([]);
  });
});

describe("an operation that fails", () => {
  beforeEach(() => {
    const broken = () => Promise.reject(new Error("table Rooms of account 123 is throttled"));
    operations.frames = {
      ...{ hello: broken, loginRoom: broken, leaveRoom: broken, here: broken },
      ...{ publish: broken, ack: broken, replay: broken },
    };
  });

  test.each([
    ["loginRoom", { action: "loginRoom", roomId: "456" }, "loginFailed", "2003"],
    ["hello", { action: "hello" }, "helloFailed", "2009"],
    ["leaveRoom", { action: "leaveRoom", roomId: "456" }, "leaveFailed", "2007"],
    ["here", { action: "here", nonce: "n" }, "refused", "5001"],
  ])("on %s gets %3$s %4$s, without details", async (_, frame, type, code) => {
    const { statusCode, reply } = await send({ ...frame, ref: "r" });
    expect(statusCode).toBe(200);
    expect(reply).toMatchObject({ type, data: { code, msg: "server trouble, try again" }, ref: "r" });
  });

  test("logs one line with the route, the connection and the error, and nothing that the page sent", async () => {
    await send({ action: "loginRoom", roomId: "private-room", ref: "private-ref" });
    expect(printed).toHaveLength(1);
    const entry = JSON.parse(printed[0] ?? "");
    expect(entry).toMatchObject({
      level: "error",
      routeKey: "loginRoom",
      connectionId: "abc=",
      error: { name: "Error", message: "table Rooms of account 123 is throttled", stack: expect.any(String) },
    });
    expect(printed[0]).not.toContain("\n");
    for (const secret of ["private", "ann", "1700000000"]) expect(printed[0]).not.toContain(secret);
  });
});

test("a heartbeat that reaches the Lambda fails, because the stack should mock it", async () => {
  await expect(send({ action: "heartbeat" })).rejects.toThrow("lib/socket-api.ts should mock it");
});
