import { beforeEach, describe, expect, test, vi } from "vitest";
import type { Deps } from "../../../lambdas/domain/model/deps.ts";
import type { push } from "../../../lambdas/domain/push/push.ts";
import type { RoomStatus } from "../../../lambdas/domain/push/status.ts";
import type { waitForAcks } from "../../../lambdas/domain/push/wait-for-acks.ts";
import { onPush } from "../../../lambdas/handlers/on-push.ts";
import { pushCodes } from "../../../protocol/codes.ts";
import type { PushRequest } from "../../../protocol/push.ts";

const good = { roomId: "456", eventName: "test", data: {} };
let pushed: PushRequest[];
let rule: typeof push;
let printed: string[];
beforeEach(() => {
  pushed = [];
  rule = async (_, request) => {
    pushed.push(request);
    return { messageId: "m-1", records: [] };
  };
  printed = [];
  vi.spyOn(console, "error").mockImplementation((line) => void printed.push(JSON.stringify(line)));
});

const eventOf = (body: string | null, isBase64Encoded = false) => ({
  ...{ httpMethod: "POST", headers: null, pathParameters: null, queryStringParameters: null },
  ...{ body, isBase64Encoded, requestContext: { requestTimeEpoch: 9 } },
});
const rulesOf = (rule: typeof push) => ({
  push: rule,
  pushStatus: () => Promise.reject(new Error("nobody asked for a status")),
  waitForAcks: () => Promise.reject(new Error("nobody waits")),
});

async function post(body: string | null, isBase64Encoded = false) {
  const result = await onPush(() => ({}) as Deps, rulesOf(rule))(eventOf(body, isBase64Encoded));
  expect(result.headers).toEqual({ "Content-Type": "application/json" });
  return { status: result.statusCode, answer: JSON.parse(result.body) };
}
const postJson = (body: unknown) => post(JSON.stringify(body));
const wrap = (body: unknown) => ({ ROOT: { BODY: body } });

describe("a push", () => {
  test("is answered in the words of plain JSON", async () => {
    expect(await postJson(good)).toEqual({ status: 200, answer: { code: "0000", msg: "ok", messageId: "m-1" } });
    expect(pushed).toEqual([{ rooms: ["456"], eventName: "test", rawData: "{}", qos: 1 }]);
  });

  test("in the envelope of existing services is answered in it", async () => {
    expect(await postJson(wrap(good))).toEqual({
      status: 200,
      answer: wrap({ RETURN_CODE: "0000", RETURN_MSG: "ok", MESSAGE_ID: "m-1" }),
    });
    expect(pushed).toEqual([{ rooms: ["456"], eventName: "test", rawData: "{}", qos: 1 }]);
  });

  test.each([
    [{ roomId: ["a", "b", "a"] }, ["a", "b"]],
    [{ userId: "ann" }, ["@user/ann"]],
    [{}, ["@all"]],
  ])("to %j goes to %j", async (target, rooms) => {
    await postJson({ ...target, eventName: "test", data: 1 });
    expect(pushed[0]?.rooms).toEqual(rooms);
  });

  test("keeps its data's text", async () => {
    const data = '{ "2":1, "1":12345678901234567890, "__proto__":{"a":1e2}, "é":"😀\\u0041" }';
    await post(`{"eventName":"test", "data": ${data} }`);
    await post(`{"ROOT":{"BODY":{"data":${data},"eventName":"test"}}}`);
    expect(pushed.map(({ rawData }) => rawData)).toEqual([data, data]);
  });

  test.each(["null", "0", '""', "false", "[]"])("may have %s for data", async (data) => {
    expect((await post(`{"eventName":"test","data":${data}}`)).status).toBe(200);
    expect(pushed[0]?.rawData).toBe(data);
  });

  test("is read from base64 where API Gateway made that of it", async () => {
    const body = Buffer.from(JSON.stringify({ ...good, data: "é" })).toString("base64");
    await post(body, true);
    expect(pushed[0]?.rawData).toBe('"é"');
  });
});

describe("a push that is refused", () => {
  const refusals: [string, unknown, keyof typeof pushCodes][] = [
    ["not an object", [], "bodyNotJson"],
    ["no eventName", { data: 1 }, "eventNameWrong"],
    ["an empty eventName", { ...good, eventName: "" }, "eventNameWrong"],
    ["an eventName that is a number", { ...good, eventName: 7 }, "eventNameWrong"],
    ["an eventName of 129 characters", { ...good, eventName: "e".repeat(129) }, "eventNameWrong"],
    ["the eventName of a notice", { ...good, eventName: "loginRoomResp" }, "eventNameReserved"],
    ["an eventName that is kept free", { ...good, eventName: "@later" }, "eventNameReserved"],
    ["no data", { roomId: "456", eventName: "test" }, "dataMissing"],
    ["a roomId that is a number", { ...good, roomId: 456 }, "roomIdWrong"],
    ["a roomId that is null", { ...good, roomId: null }, "roomIdWrong"],
    ["an empty roomId", { ...good, roomId: "" }, "roomIdWrong"],
    ["an empty list of rooms", { ...good, roomId: [] }, "roomIdWrong"],
    ["101 rooms", { ...good, roomId: Array.from({ length: 101 }, (_, i) => `r${i}`) }, "roomIdWrong"],
    ["a roomId of 129 characters", { ...good, roomId: "r".repeat(129) }, "roomIdWrong"],
    ["a roomId with a space", { ...good, roomId: "a b" }, "roomIdWrong"],
    ["a reserved room", { ...good, roomId: "@all" }, "roomIdReserved"],
    ["a reserved room in a list", { ...good, roomId: ["456", "@user/ann"] }, "roomIdReserved"],
    ["a userId that is a number", { eventName: "test", data: 1, userId: 7 }, "userIdWrong"],
    ["roomId and userId", { ...good, userId: "ann" }, "userIdWrong"],
    ["an unknown field", { ...good, rommId: "456" }, "unknownField"],
  ];

  test.each(refusals)("for %s has its code and status, in both forms", async (_, body, name) => {
    const { code, status } = pushCodes[name];
    expect(await postJson(body)).toEqual({ status, answer: { code, msg: expect.any(String) } });
    expect(await postJson(wrap(body))).toEqual({
      status,
      answer: wrap({ RETURN_CODE: code, RETURN_MSG: expect.any(String) }),
    });
    expect(pushed).toEqual([]);
  });

  test.each([[null], [""], ["{"], ["roomId=456"], ['{"eventName":"test","data":1}}']])(
    "because %j is no JSON is answered 1001, plainly",
    async (body) => {
      expect(await post(body)).toMatchObject({ status: 400, answer: { code: "1001" } });
    },
  );

  test.each([[{ ROOT: {} }], [{ ROOT: null }], [{ ROOT: { BODY: "x" } }], [{ ROOT: { BODY: [good] } }]])(
    "because %j has no body in its envelope is answered in the envelope",
    async (body) => {
      expect(await postJson(body)).toMatchObject({ status: 400, answer: { ROOT: { BODY: { RETURN_CODE: "1001" } } } });
    },
  );

  test("as too large by the rule keeps the rule's words", async () => {
    rule = async () => ({ code: "tooLarge", msg: "has 200000 bytes, allowed are 131072" });
    expect(await postJson(good)).toEqual({
      status: 413,
      answer: { code: "1009", msg: "has 200000 bytes, allowed are 131072" },
    });
    expect((await postJson(wrap(good))).answer.ROOT.BODY).toMatchObject({ RETURN_CODE: "1009" });
  });
});

test("a push by the id of another message is answered 409, 1012", async () => {
  rule = async () => ({ code: "messageIdUsed", msg: "messageId m-1 was used for another message" });
  expect(await postJson(good)).toEqual({
    status: 409,
    answer: { code: "1012", msg: "messageId m-1 was used for another message" },
  });
});

describe("a push that fails", () => {
  beforeEach(() => {
    rule = () => Promise.reject(new Error("table Messages of account 123 is throttled"));
  });

  test("is answered 9002, to be sent again, without a detail", async () => {
    const msg = "server trouble, send it again";
    expect(await postJson(good)).toEqual({ status: 500, answer: { code: "9002", msg } });
    expect(await postJson(wrap(good))).toEqual({
      status: 500,
      answer: wrap({ RETURN_CODE: "9002", RETURN_MSG: msg }),
    });
  });

  test("prints one line with the error and nothing of what was pushed", async () => {
    await postJson({ roomId: "private-room", eventName: "private-event", data: "private-data" });
    expect(printed).toHaveLength(1);
    expect(JSON.parse(printed[0] ?? "")).toMatchObject({
      level: "error",
      error: { message: expect.stringContaining("throttled") },
    });
    expect(printed[0]).not.toContain("private");
  });

  test("because a variable is missing is answered the same", async () => {
    const missing = () => {
      throw new Error("MESSAGES_TABLE is not set; lib/ should pass it to this function");
    };
    const result = await onPush(missing, rulesOf(rule))(eventOf(JSON.stringify(good)));
    expect(result.statusCode).toBe(500);
    expect(printed[0]).toContain("MESSAGES_TABLE is not set");
  });
});

describe("a push with options", () => {
  test("hands them to the rule", async () => {
    const options = { qos: 1, messageId: "order-1", ttl: 60, receipt: "ann" };
    await postJson({ ...good, ...options });
    expect(pushed).toMatchObject([{ qos: 1, messageId: "order-1", ttlMs: 60_000, receiptTo: "ann" }]);
  });

  test.each([
    ["a qos of 2", { qos: 2 }],
    ["a messageId with a slash, which publishes have", { messageId: "ann/c-1" }],
    ["a messageId of 129 characters", { messageId: "m".repeat(129) }],
    ["a ttl of nothing", { ttl: 0 }],
    ["a ttl of a year", { ttl: 31_536_000 }],
    ["a receipt to nobody", { receipt: "" }],
    ["a waitFor of an hour", { waitFor: { acks: 1, withinMs: 3_600_000 } }],
    ["a waitFor of no acks", { waitFor: { acks: 0, withinMs: 1_000 } }],
    ["a waitFor where nobody acks", { qos: 0, waitFor: { acks: 1, withinMs: 1_000 } }],
  ])("is refused for %s: 1010", async (_, options) => {
    expect(await postJson({ ...good, ...options })).toMatchObject({ status: 400, answer: { code: "1010" } });
    expect(pushed).toEqual([]);
  });

  test("waits for acks if asked to, and says in either form whether they came", async () => {
    const waited: unknown[] = [];
    const rules = {
      ...rulesOf(rule),
      waitForAcks: async (...[, records, wish]: Parameters<typeof waitForAcks>) => {
        waited.push([records, wish]);
        return { reached: true, acks: 3 };
      },
    };
    const body = { ...good, waitFor: { acks: 2, withinMs: 500 } };
    const send = async (each: unknown) =>
      JSON.parse((await onPush(() => ({}) as Deps, rules)(eventOf(JSON.stringify(each)))).body);
    expect(await send(body)).toEqual({ code: "0000", msg: "ok", messageId: "m-1", reached: true, acks: 3 });
    expect((await send(wrap(body))).ROOT.BODY).toMatchObject({ RETURN_CODE: "0000", REACHED: true, ACKS: 3 });
    expect(waited[0]).toEqual([[], { acks: 2, withinMs: 500 }]);
  });
});

describe("the status of a push", () => {
  const get = async (messageId: string, status: (id: string) => Promise<RoomStatus[] | undefined>) => {
    const rules = { ...rulesOf(rule), pushStatus: (_: unknown, id: string) => status(id) };
    const event = { ...eventOf(null), httpMethod: "GET", pathParameters: { messageId } };
    const { statusCode, body } = await onPush(() => ({}) as Deps, rules)(event);
    return { statusCode, answer: JSON.parse(body) };
  };
  const room: RoomStatus = {
    ...{ roomId: "456", logged: true, done: true, acked: 1, ackedBy: ["ann"], waiting: 0, waitingFor: [] },
  };

  test("is told by its id, which API Gateway leaves encoded", async () => {
    const asked: string[] = [];
    const status = async (id: string) => {
      asked.push(id);
      return [room];
    };
    expect(await get("a%2Fc-1", status)).toEqual({
      statusCode: 200,
      answer: { code: "0000", msg: "ok", messageId: expect.any(String), rooms: [room] },
    });
    expect(asked).toEqual(["a/c-1"]);
  });

  test("of an unknown id is 1104", async () => {
    expect(await get("never", async () => undefined)).toMatchObject({ statusCode: 404, answer: { code: "1104" } });
  });

  test.each([
    ["as publishResp gives it", "ann%20%C3%BC/c-1"],
    ["as publishResp gives it, decoded on its way", "ann ü/c-1"],
    ["encoded", "ann%2520%25C3%25BC%2Fc-1"],
    ["encoded but for its slash", "ann%2520%25C3%25BC/c-1"],
  ])("is told by the id of a publish, %s", async (_, id) => {
    const status = async (id: string) => (id === "ann%20%C3%BC/c-1" ? [room] : undefined);
    expect((await get(id, status)).answer).toMatchObject({ code: "0000", messageId: "ann%20%C3%BC/c-1" });
  });

  test("of what is not percent-encoded is looked up as it is", async () => {
    expect((await get("ann/100%", async (id) => (id === "ann/100%" ? [room] : undefined))).statusCode).toBe(200);
  });

  test("of more than any id takes, and any key may have, is 1104, and nothing is looked up", async () => {
    const status = () => Promise.reject(new Error("a key has at most 2048 bytes"));
    expect(await get("m".repeat(1_154), status)).toMatchObject({ statusCode: 404, answer: { code: "1104" } });
  });

  test("that fails is answered without a detail", async () => {
    const { statusCode, answer } = await get("m", () => Promise.reject(new Error("throttled")));
    expect(statusCode).toBe(500);
    expect(JSON.stringify(answer)).not.toContain("throttled");
  });
});
