import { beforeEach, describe, expect, test, vi } from "vitest";
import type { poll } from "../../../lambdas/domain/login/poll.ts";
import type { Deps } from "../../../lambdas/domain/model/deps.ts";
import { onPoll } from "../../../lambdas/handlers/on-poll.ts";

const claims = { subject: "ann", grants: { rooms: ["*"], publish: [] }, tokenExpiresAtMs: 9 };
let calls: unknown[];
let operation: typeof poll;
let printed: string[];
beforeEach(() => {
  calls = [];
  operation = async (_, caller, request) => {
    calls.push({ caller, request });
    return { data: { code: "2001", msg: "connect success" }, session: "s", rooms: [], retryAfterMs: 3_000 };
  };
  printed = [];
  vi.spyOn(console, "error").mockImplementation((line) => void printed.push(JSON.stringify(line)));
});

interface Sent {
  headers?: Record<string, string>;
  query?: Record<string, string> | null;
  allowedOrigins?: string[];
}
async function get({ headers = { Authorization: "Bearer good" }, query = null, allowedOrigins = ["https://a"] }: Sent) {
  const verify = async (token: string) => (token === "good" ? claims : { refused: "ERR_JWT" });
  const event = { httpMethod: "GET", headers, pathParameters: null, queryStringParameters: query };
  const handler = onPoll(
    () => ({}) as Deps,
    () => ({ allowedOrigins, verify }),
    (...args) => operation(...args),
  );
  const result = await handler({
    ...event,
    body: null,
    isBase64Encoded: false,
    requestContext: { requestTimeEpoch: 9 },
  });
  return { ...result, response: JSON.parse(result.body) };
}

describe("a poll", () => {
  test("reaches the domain with the token's claims; no proxy stores the response", async () => {
    const rooms = [{ roomId: "456", type: "loginWhenLast", since: { epoch: "e", seq: 5 } }];
    const { statusCode, headers, response } = await get({ query: { session: "s", rooms: JSON.stringify(rooms) } });
    expect(calls).toEqual([{ caller: { ...claims, requestedAtMs: 9 }, request: { session: "s", rooms } }]);
    expect({ statusCode, response }).toEqual({
      statusCode: 200,
      response: { data: { code: "2001", msg: "connect success" }, session: "s", rooms: [], retryAfterMs: 3_000 },
    });
    expect(headers).toEqual({ "Content-Type": "application/json", "Cache-Control": "no-store" });
  });

  test("may have no parameters", async () => {
    expect((await get({})).statusCode).toBe(200);
    expect(calls).toMatchObject([{ request: { rooms: [] } }]);
  });

  test("may spell its headers in any case", async () => {
    expect((await get({ headers: { authorization: "Bearer good" } })).statusCode).toBe(200);
  });

  test.each([
    [["https://a"], "https://a", "https://a"],
    [["*"], "https://b", "https://b"],
    [["https://a"], "https://b", undefined],
  ])("with the allowed origins %j is readable for a page of %s: %s", async (allowedOrigins, origin, allowed) => {
    const { headers } = await get({ headers: { authorization: "Bearer good", origin }, allowedOrigins });
    expect(headers["Access-Control-Allow-Origin"]).toBe(allowed);
    expect(headers.Vary).toBe(allowed && "Origin");
  });
});

describe("a poll is refused", () => {
  test.each<[string, Record<string, string>]>([
    ["without a token", {}],
    ["with an invalid one", { authorization: "Bearer bad" }],
    ["with another scheme", { authorization: "Basic good" }],
  ])("%s: 1102", async (_, headers) => {
    expect(await get({ headers: { ...headers, origin: "https://a" } })).toMatchObject({
      statusCode: 401,
      // The page has to be able to read the reason.
      headers: { "Access-Control-Allow-Origin": "https://a" },
      response: { code: "1102", msg: "the token is missing or not valid, get a new one" },
    });
    expect(calls).toEqual([]);
  });

  test.each([
    [{ rooms: "456" }, "rooms should be a JSON array"],
    [{ rooms: "[" }, "rooms should be a JSON array"],
    [{ rooms: JSON.stringify(Array(51).fill({})) }, "rooms has 51 entries, allowed are 50"],
    [{ rooms: '[{"roomId":"456"},{"roomId":"456"}]' }, "rooms names a room twice"],
    [{ session: "s".repeat(65) }, "session"],
    [{ leave: "456" }, "leave should be a JSON array of at most 50 room ids"],
    [{ leave: JSON.stringify(Array(51).fill("456")) }, "leave should be a JSON array of at most 50 room ids"],
    [{ leave: '["@user/bob"]' }, "leave: roomId @user/bob is reserved: names that start with @ belong to Downlink"],
    [{ token: "good" }, 'unknown parameter "token", allowed are session, rooms, leave'],
  ])("for %j: 1011", async (query, problem) => {
    const { statusCode, response } = await get({ query: query as Record<string, string> });
    expect({ statusCode, code: response.code }).toEqual({ statusCode: 400, code: "1011" });
    expect(response.msg).toContain(problem);
    expect(calls).toEqual([]);
  });
});

// One malformed room was once a 400 for the whole poll: it blocked all other rooms of the page, which repeated it forever.
describe("a malformed room", () => {
  const good = { roomId: "456", type: "loginWhenever" };
  test.each([
    [{ roomId: "457", history: 500 }, "457", "history should be a whole number from 1 to 100, got 500"],
    [{ roomId: "457", type: "nonsense" }, "457", "type should be one of loginWhenFirst"],
    [
      { roomId: "457", since: { epoch: "e", seq: -1 } },
      "457",
      'since should be {epoch, seq} or "last": seq should be a whole number from 0, got -1',
    ],
    [{ roomId: "457", since: "last", history: 1 }, "457", "give since or history, not both"],
    [{ roomId: "457", sinc: "last" }, "457", 'unknown field "sinc"'],
    [{ roomId: "@user/bob" }, "@user/bob", "roomId @user/bob is reserved"],
    [{ roomId: "" }, "", "roomId is empty"],
    [{ roomId: "a b" }, "a b", "roomId may hold letters, digits"],
    [{}, undefined, "roomId should be a string, got nothing"],
    ["457", undefined, "each room should be an object, got a string"],
    [null, undefined, "each room should be an object, got null"],
  ])("(%j) gets 2003 with the reason, and the other rooms are restored", async (bad, roomId, problem) => {
    const { statusCode, response } = await get({ query: { session: "s", rooms: JSON.stringify([bad, good]) } });
    expect(statusCode).toBe(200);
    expect(calls).toMatchObject([{ request: { session: "s", rooms: [good] } }]);
    expect(response.rooms).toEqual([
      {
        type: "loginFailed",
        eventName: "loginRoomResp",
        data: { code: "2003", msg: expect.stringContaining(`loginRoom: ${problem}`) },
        ...(roomId !== undefined && { roomId }),
      },
    ]);
  });
});

test("a poll that fails gets 9002 without details, and logs nothing of the page", async () => {
  operation = () => Promise.reject(new Error("table Rooms is throttled"));
  const rooms = '[{"roomId":"private"}]';
  expect(await get({ query: { session: "private-session", rooms } })).toMatchObject({
    statusCode: 500,
    response: { code: "9002", msg: "server trouble, poll again" },
  });
  expect(printed).toHaveLength(1);
  expect(printed[0]).toContain("throttled");
  expect(printed[0]).not.toContain("private");
});
