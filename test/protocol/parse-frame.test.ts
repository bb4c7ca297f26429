import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { ClientFrame } from "../../protocol/frames.ts";
import { limits } from "../../protocol/limits.ts";
import { parseClientFrame } from "../../protocol/parse-frame.ts";

const long = (chars: number) => "x".repeat(chars);
const rooms = (count: number) => Array.from({ length: count }, (_, at) => ({ roomId: `room-${at}` }));

describe("a good frame", () => {
  test.each<ClientFrame>([
    { action: "hello" },
    { action: "hello", session: long(limits.sessionChars), rooms: [], probe: true, ref: "r" },
    { action: "hello", rooms: [{ roomId: "456", type: "loginWhenLast", generation: 0 }] },
    { action: "hello", rooms: rooms(limits.roomsPerHello) },
    { action: "loginRoom", roomId: "456" },
    { action: "loginRoom", roomId: "AZaz09_-=,.;:@", type: "loginWhenFirst" },
    { action: "loginRoom", roomId: long(limits.roomIdChars), type: "loginWhenever", ref: 7 },
    { action: "leaveRoom", roomId: "456", ref: -1 },
    { action: "here", nonce: long(limits.nonceChars) },
    { action: "heartbeat" },
    { action: "heartbeat", ref: 0 },
    { action: "heartbeat", ref: long(limits.refChars) },
  ])("is taken as it is: %j", (frame) => {
    expect(parseClientFrame(JSON.stringify(frame))).toEqual(frame);
  });
});

describe("what is no JSON object is refused with 4001", () => {
  test.each([
    [undefined],
    [""],
    ["hello"],
    ["{"],
    ["null"],
    ["5"],
    ['"hello"'],
    ["[]"],
    ['[{"action":"hello"}]'],
    ["﻿{}"],
  ])("%j", (raw) => {
    expect(parseClientFrame(raw)).toEqual({
      type: "refused",
      eventName: "errorResp",
      data: { code: "4001", msg: "the frame should be a JSON object" },
    });
  });
});

describe("an unknown action is refused with 4002", () => {
  test.each([
    ...[
      "constructor",
      "__proto__",
      "toString",
      "hasOwnProperty",
      "$connect",
      "$disconnect",
      "$default",
      "Hello",
      "hello ",
      "",
    ],
    ...[null, 5, true, {}, ["hello"], undefined],
  ])("%j", (action) => {
    const msg = "action should be one of hello, loginRoom, leaveRoom, here, heartbeat";
    expect(parseClientFrame(JSON.stringify({ action, ref: 4 }))).toEqual({
      type: "refused",
      eventName: "errorResp",
      data: { code: "4002", msg },
      ref: 4,
    });
  });

  test("as a member of __proto__", () => {
    expect(parseClientFrame('{"__proto__":{"action":"heartbeat"}}')).toMatchObject({ data: { code: "4002" } });
  });
});

const badFields: [object | string, string][] = [
  [{ action: "loginRoom" }, "loginRoom: roomId should be a string, got nothing"],
  [{ action: "loginRoom", roomId: null }, "loginRoom: roomId should be a string, got null"],
  [{ action: "loginRoom", roomId: 456 }, "loginRoom: roomId should be a string, got a number"],
  [{ action: "loginRoom", roomId: ["456"] }, "loginRoom: roomId should be a string, got an array"],
  [{ action: "loginRoom", roomId: {} }, "loginRoom: roomId should be a string, got an object"],
  [{ action: "loginRoom", roomId: "" }, "loginRoom: roomId is empty"],
  [{ action: "loginRoom", roomId: long(129) }, "loginRoom: roomId has 129 characters, allowed are 128"],
  [{ action: "loginRoom", roomId: long(10_240) }, "loginRoom: roomId has 10240 characters, allowed are 128"],
  [
    { action: "loginRoom", roomId: "@all" },
    "loginRoom: roomId @all is reserved: names that start with @ belong to Downlink",
  ],
  ...["a b", "a#b", "a/b", "房间", "a\n", "é", "😀", "a\u0000", "a%20b"].map((roomId): [object, string] => [
    { action: "loginRoom", roomId },
    "loginRoom: roomId may hold letters, digits and _ - = , . ; : @ only",
  ]),
  [
    { action: "loginRoom", roomId: "456", type: "loginWhenEver" },
    "loginRoom: type should be one of loginWhenFirst, loginWhenLast, loginWhenever, got another string",
  ],
  [
    { action: "loginRoom", roomId: "456", type: null },
    "loginRoom: type should be one of loginWhenFirst, loginWhenLast, loginWhenever, got null",
  ],
  [{ action: "loginRoom", roomId: "456", since: 1 }, 'loginRoom: unknown field "since", allowed are roomId, type'],
  [
    '{"action":"loginRoom","roomId":"456","__proto__":{}}',
    'loginRoom: unknown field "__proto__", allowed are roomId, type',
  ],
  [{ action: "heartbeat", [long(100)]: 1 }, `heartbeat: unknown field "${long(32)}", allowed are none`],
  [{ action: "here" }, "here: nonce should be a string of 1 to 64 characters, got nothing"],
  [{ action: "here", nonce: "" }, "here: nonce should be a string of 1 to 64 characters, got 0 characters"],
  [{ action: "here", nonce: long(65) }, "here: nonce should be a string of 1 to 64 characters, got 65 characters"],
  [{ action: "hello", session: 5 }, "hello: session should be a string of 1 to 64 characters, got a number"],
  [{ action: "hello", session: null }, "hello: session should be a string of 1 to 64 characters, got null"],
  [{ action: "hello", probe: "true" }, "hello: probe should be true or false, got a string"],
  [{ action: "hello", rooms: {} }, "hello: rooms should be an array, got an object"],
  [{ action: "hello", rooms: rooms(51) }, "hello: rooms has 51 entries, allowed are 50"],
  [{ action: "hello", rooms: ["456"] }, "hello: rooms: each should be an object, got a string"],
  [{ action: "hello", rooms: [null] }, "hello: rooms: each should be an object, got null"],
  [{ action: "hello", rooms: [{}] }, "hello: rooms: roomId should be a string, got nothing"],
  [{ action: "hello", rooms: [{ roomId: "1" }, { roomId: "1" }] }, "hello: rooms names a room twice"],
  [
    { action: "hello", rooms: [{ roomId: "1", since: 1 }] },
    'hello: rooms: unknown field "since", allowed are roomId, type, generation',
  ],
  ...([-1, 1.5, 2 ** 53] as const).map((generation): [object, string] => [
    { action: "hello", rooms: [{ roomId: "1", generation }] },
    `hello: rooms: generation should be a whole number from 0, got ${generation}`,
  ]),
  [
    { action: "hello", rooms: [{ roomId: "1", generation: "1" }] },
    "hello: rooms: generation should be a whole number from 0, got a string",
  ],
  ...[null, true, "", long(65), 1.5, {}, []].map((ref): [object, string] => [
    { action: "heartbeat", ref },
    "heartbeat: ref should be a whole number or a string of 1 to 64 characters",
  ]),
];

describe("bad fields are refused with 4003 and the reason", () => {
  test.each(badFields)("%j", (frame, msg) => {
    const raw = typeof frame === "string" ? frame : JSON.stringify(frame);
    expect(parseClientFrame(raw)).toEqual({ type: "refused", eventName: "errorResp", data: { code: "4003", msg } });
  });

  test("together with the ref", () => {
    expect(parseClientFrame('{"action":"loginRoom","ref":"r-1"}')).toMatchObject({
      data: { code: "4003" },
      ref: "r-1",
    });
  });
});

test("nothing at all makes the parser throw, or shows a value of the frame that is not a name", () => {
  const nearly = fc.record(
    {
      action: fc.constantFrom("hello", "loginRoom", "here"),
      ref: fc.jsonValue(),
      roomId: fc.jsonValue(),
      rooms: fc.jsonValue(),
    },
    { requiredKeys: ["action"] },
  );
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.json(),
        nearly.map((frame) => JSON.stringify(frame)),
      ),
      (raw) => {
        const parsed = parseClientFrame(raw);
        expect("action" in parsed || parsed.data.msg.length < 300).toBe(true);
      },
    ),
    { numRuns: 500 },
  );
});
