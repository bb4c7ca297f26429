import { describe, expect, test } from "vitest";
import { pushCodes } from "../../protocol/codes.ts";
import { limits } from "../../protocol/limits.ts";
import { parsePush } from "../../protocol/push.ts";

const long = (chars: number) => "x".repeat(chars);
const wrap = (body: string) => `{"ROOT":{"BODY":${body}}}`;
const forms: [string, boolean, (body: string) => string][] = [
  ["plain", false, (body) => body],
  ["ROOT/BODY", true, wrap],
];

describe.each(forms)("a good push, %s", (_, wrapped, inForm) => {
  test.each<[string, object, string[]]>([
    ["a room", { roomId: "456" }, ["456"]],
    ["several rooms", { roomId: ["1", "2"] }, ["1", "2"]],
    ["a room named twice, once", { roomId: ["1", "2", "1"] }, ["1", "2"]],
    [
      "a hundred rooms",
      { roomId: Array.from({ length: 100 }, (__, at) => `${at}`) },
      Array.from({ length: 100 }, (__, at) => `${at}`),
    ],
    ["a user", { userId: "ann" }, ["@user/ann"]],
    ["a user of any name", { userId: "安 n/@#" }, ["@user/安 n/@#"]],
    ["everyone", {}, ["@all"]],
  ])("goes to %s", (__, target, rooms) => {
    const body = inForm(JSON.stringify({ ...target, eventName: "test", data: {} }));
    expect(parsePush(body)).toEqual({ wrapped, ok: true, push: { rooms, eventName: "test", rawData: "{}", qos: 1 } });
  });

  test.each([
    ...["null", "0", '""', "false", "[]", "{}", "12345678901234567890", '{"b":1,"2":2,"1":3}', '{"__proto__":{"x":1}}'],
    ...['"\\u0041😀\\n"', "[1.0, 1e2]", '{"ROOT":{"BODY":{}}}'],
  ])("keeps the text of data as it was sent: %s", (data) => {
    const parsed = parsePush(inForm(`{ "eventName" : "test" , "data" : ${data} }`));
    expect(parsed).toMatchObject({ ok: true, push: { rawData: data } });
  });
});

describe.each(forms)("the options of a push, %s", (_, wrapped, inForm) => {
  test.each<[object, object]>([
    [{}, { qos: 1 }],
    [{ qos: 0 }, { qos: 0 }],
    [
      { qos: 1, messageId: "aZ0_-.:~" },
      { qos: 1, messageId: "aZ0_-.:~" },
    ],
    [{ messageId: long(limits.messageIdChars) }, { qos: 1, messageId: long(limits.messageIdChars) }],
    [{ ttl: 1 }, { qos: 1, ttlMs: 1_000 }],
    [{ ttl: limits.ttlSeconds }, { qos: 1, ttlMs: limits.ttlSeconds * 1_000 }],
    [{ receipt: "安 n/@#" }, { qos: 1, receiptTo: "安 n/@#" }],
    [{ exclude: ["ann", "bob", "ann"] }, { qos: 1, exclude: ["ann", "bob"] }],
    [{ waitFor: { acks: 1, withinMs: 1 } }, { qos: 1, waitFor: { acks: 1, withinMs: 1 } }],
    [{ waitFor: { acks: 100, withinMs: 20_000 } }, { qos: 1, waitFor: { acks: 100, withinMs: 20_000 } }],
  ])("are read: %j", (options, expected) => {
    const body = inForm(JSON.stringify({ eventName: "test", data: 1, ...options }));
    const push = { rooms: ["@all"], eventName: "test", rawData: "1", ...expected };
    expect(parsePush(body)).toEqual({ wrapped, ok: true, push });
  });

  test.each<[object, string]>([
    [{ qos: 2 }, "qos should be one of 0, 1, got 2"],
    [{ qos: "1" }, "qos should be one of 0, 1, got another string"],
    [{ messageId: "" }, "messageId should have 1 to 128 letters, digits and _ - . : ~, got 0 characters"],
    [{ messageId: "a/b" }, "messageId should have 1 to 128 letters, digits and _ - . : ~, got 3 characters"],
    [{ messageId: long(129) }, "messageId should have 1 to 128 letters, digits and _ - . : ~, got 129 characters"],
    [{ messageId: 7 }, "messageId should have 1 to 128 letters, digits and _ - . : ~, got a number"],
    ...[0, -1, 1.5, limits.ttlSeconds + 1].map((ttl): [object, string] => [
      { ttl },
      `ttl (seconds) should be a whole number from 1 to ${limits.ttlSeconds}, got ${ttl}`,
    ]),
    [{ ttl: "60" }, `ttl (seconds) should be a whole number from 1 to ${limits.ttlSeconds}, got a string`],
    [{ exclude: "ann" }, "exclude should be a list of 1 to 20 userIds, got a string"],
    [{ exclude: [] }, "exclude should be a list of 1 to 20 userIds, got 0"],
    [{ exclude: Array(21).fill("ann") }, "exclude should be a list of 1 to 20 userIds, got 21"],
    [{ exclude: ["ann", 7] }, "each userId of exclude should be a string, got a number"],
    [{ receipt: true }, "receipt (the userId that gets the receipts) should be a string, got a boolean"],
    [{ waitFor: 1 }, "waitFor should be {acks, withinMs}, got a number"],
    [{ waitFor: null }, "waitFor should be {acks, withinMs}, got null"],
    [{ waitFor: { acks: 1 } }, "waitFor.withinMs should be a whole number from 1 to 20000, got nothing"],
    [
      { waitFor: { acks: 1, withinMs: 3_600_000 } },
      "waitFor.withinMs should be a whole number from 1 to 20000, got 3600000",
    ],
    [{ waitFor: { acks: 0, withinMs: 1 } }, "waitFor.acks should be a whole number from 1 to 100, got 0"],
    [{ waitFor: { acks: 101, withinMs: 1 } }, "waitFor.acks should be a whole number from 1 to 100, got 101"],
    [{ waitFor: { acks: 1, withinMs: 1, of: "ann" } }, 'unknown field "of", allowed are acks, withinMs'],
    [{ qos: 0, receipt: "ann" }, "receipt needs qos 1: at qos 0 nobody acks"],
    [{ qos: 0, waitFor: { acks: 1, withinMs: 1 } }, "waitFor needs qos 1: at qos 0 nobody acks"],
  ])("are refused with 1010: %j", (options, msg) => {
    const body = inForm(JSON.stringify({ eventName: "test", data: 1, ...options }));
    expect(parsePush(body)).toEqual({ wrapped, ok: false, refusal: { code: "optionWrong", msg } });
  });
});

describe.each(forms)("a bad push, %s, is refused", (_, wrapped, inForm) => {
  test.each<[keyof typeof pushCodes, unknown, string]>([
    ["eventNameWrong", { data: 1 }, "eventName should be a string of 1 to 128 characters, got nothing"],
    ["eventNameWrong", { eventName: null, data: 1 }, "eventName should be a string of 1 to 128 characters, got null"],
    ["eventNameWrong", { eventName: 5, data: 1 }, "eventName should be a string of 1 to 128 characters, got a number"],
    [
      "eventNameWrong",
      { eventName: "", data: 1 },
      "eventName should be a string of 1 to 128 characters, got 0 characters",
    ],
    ["eventNameWrong", { eventName: "half \ud83d", data: 1 }, "eventName ends or begins in the middle of a character"],
    [
      "eventNameWrong",
      { eventName: long(129), data: 1 },
      "eventName should be a string of 1 to 128 characters, got 129 characters",
    ],
    ...[
      "connetResp",
      "loginRoomResp",
      "leaveRoomResp",
      "heartbeatResp",
      "errorResp",
      "probe",
      "bye",
      "publishResp",
      "ackResp",
      "replayResp",
      "delivered",
      "@x",
    ].map((name): ["eventNameReserved", object, string] => [
      "eventNameReserved",
      { eventName: name, data: 1 },
      `eventName ${name} is reserved for Downlink's own notices, choose another`,
    ]),
    ["dataMissing", { eventName: "test" }, "data is missing; it may be any JSON, null included"],
    ["roomIdWrong", { eventName: "test", data: 1, roomId: null }, "roomId should be a string, got null"],
    ["roomIdWrong", { eventName: "test", data: 1, roomId: 456 }, "roomId should be a string, got a number"],
    ["roomIdWrong", { eventName: "test", data: 1, roomId: "" }, "roomId is empty"],
    ["roomIdWrong", { eventName: "test", data: 1, roomId: [] }, "a roomId list should name 1 to 100 rooms, got 0"],
    [
      "roomIdWrong",
      { eventName: "test", data: 1, roomId: Array(101).fill("1") },
      "a roomId list should name 1 to 100 rooms, got 101",
    ],
    ["roomIdWrong", { eventName: "test", data: 1, roomId: ["1", ["2"]] }, "roomId should be a string, got an array"],
    ["roomIdWrong", { eventName: "test", data: 1, roomId: long(129) }, "roomId has 129 characters, allowed are 128"],
    [
      "roomIdWrong",
      { eventName: "test", data: 1, roomId: "a b" },
      "roomId may hold letters, digits and _ - = , . ; : @ only",
    ],
    [
      "roomIdReserved",
      { eventName: "test", data: 1, roomId: "@all" },
      "roomId @all is reserved: names that start with @ belong to Downlink",
    ],
    [
      "roomIdReserved",
      { eventName: "test", data: 1, roomId: ["1", "@user/ann"] },
      "roomId @user/ann is reserved: names that start with @ belong to Downlink",
    ],
    ["userIdWrong", { eventName: "test", data: 1, userId: null }, "userId should be a string, got null"],
    ["userIdWrong", { eventName: "test", data: 1, userId: ["ann"] }, "userId should be a string, got an array"],
    ["userIdWrong", { eventName: "test", data: 1, userId: "" }, "userId should have 1 to 256 bytes as UTF-8, got 0"],
    [
      "userIdWrong",
      { eventName: "test", data: 1, userId: long(257) },
      "userId should have 1 to 256 bytes as UTF-8, got 257",
    ],
    [
      "userIdWrong",
      { eventName: "test", data: 1, userId: "安".repeat(86) },
      "userId should have 1 to 256 bytes as UTF-8, got 258",
    ],
    [
      "userIdWrong",
      { eventName: "test", data: 1, userId: "ann\ud800" },
      "userId ends or begins in the middle of a character",
    ],
    ["userIdWrong", { eventName: "test", data: 1, userId: "ann", roomId: "456" }, "give roomId or userId, not both"],
    [
      "unknownField",
      { eventName: "test", data: 1, rommId: "456" },
      'unknown field "rommId", allowed are roomId, userId, eventName, data, qos, messageId, ttl, receipt, exclude, waitFor',
    ],
    [
      "unknownField",
      { eventName: "test", data: 1, [long(99)]: 1 },
      `unknown field "${long(32)}", allowed are roomId, userId, eventName, data, qos, messageId, ttl, receipt, exclude, waitFor`,
    ],
  ])("%s: %j", (code, body, msg) => {
    expect(parsePush(inForm(JSON.stringify(body)))).toEqual({ wrapped, ok: false, refusal: { code, msg } });
  });

  test("unknownField: __proto__", () => {
    const parsed = parsePush(inForm('{"eventName":"test","data":1,"__proto__":{"roomId":"456"}}'));
    expect(parsed).toMatchObject({ ok: false, refusal: { code: "unknownField" } });
  });
});

describe("a body that is not a JSON object is refused", () => {
  test.each<[string | undefined, boolean, string]>([
    [undefined, false, "the body is not JSON"],
    ["", false, "the body is not JSON"],
    ["{", false, "the body is not JSON"],
    ["null", false, "the body should be a JSON object, got null"],
    ["[]", false, "the body should be a JSON object, got an array"],
    ['"x"', false, "the body should be a JSON object, got a string"],
    ['{"ROOT":1}', true, "ROOT.BODY should be a JSON object, got nothing"],
    ['{"ROOT":{}}', true, "ROOT.BODY should be a JSON object, got nothing"],
    ['{"ROOT":{"BODY":[]}}', true, "ROOT.BODY should be a JSON object, got an array"],
    ['{"ROOT":{"__proto__":{"BODY":{}}}}', true, "ROOT.BODY should be a JSON object, got nothing"],
  ])("%j", (raw, wrapped, msg) => {
    expect(parsePush(raw)).toEqual({ wrapped, ok: false, refusal: { code: "bodyNotJson", msg } });
  });
});

test("every code exists once: 1xxx with a status of the caller's errors, 9xxx with a temporary one", () => {
  const codes = Object.values(pushCodes);
  expect(new Set(codes.map(({ code }) => code)).size).toBe(codes.length);
  for (const { code, status } of codes) {
    if (code.startsWith("1")) expect([400, 401, 403, 404, 409, 413]).toContain(status);
    if (code.startsWith("9")) expect([429, 500]).toContain(status);
  }
  expect(limits.roomsPerPush).toBe(100);
});
