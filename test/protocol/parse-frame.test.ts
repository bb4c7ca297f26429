import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { ClientFrame } from "../../protocol/frames.ts";
import { limits } from "../../protocol/limits.ts";
import { namesIn, parseClientFrame } from "../../protocol/parse-frame.ts";

const long = (chars: number) => "x".repeat(chars);
const since = { epoch: "k3f9", seq: 12 };
const publish = { action: "publish", roomId: "456", eventName: "say", data: "hi", clientMessageId: "c-1" } as const;
const acked = (count: number) => rooms(count).map((room) => ({ ...room, epoch: "k3f9", seq: 1 }));
const receipts = (count: number) => Array.from({ length: count }, (_, seq) => ({ roomId: "456", seq }));
const rooms = (count: number) => Array.from({ length: count }, (_, at) => ({ roomId: `room-${at}` }));

describe("a good frame", () => {
  test.each<ClientFrame>([
    { action: "hello" },
    { action: "hello", session: long(limits.sessionChars), rooms: [], probe: true, ref: "r" },
    { action: "hello", rooms: [{ roomId: "456", type: "loginWhenLast", generation: 0 }] },
    { action: "hello", rooms: rooms(limits.roomsPerHello) },
    {
      action: "hello",
      acks: true,
      rooms: [
        { roomId: "@all", since },
        { roomId: "@user", since },
      ],
    },
    {
      action: "hello",
      rooms: [
        { roomId: "456", since: "last" },
        { roomId: "457", history: 1 },
      ],
    },
    { action: "loginRoom", roomId: "456", since },
    { action: "loginRoom", roomId: "456", since: { epoch: "of another time", seq: 0 } },
    { action: "loginRoom", roomId: "456", since: { epoch: "k3f9", seq: Number.MAX_SAFE_INTEGER } },
    { action: "loginRoom", roomId: "456", since: "last" },
    { action: "loginRoom", roomId: "456", history: 1 },
    { action: "loginRoom", roomId: "456", history: limits.historyMessages },
    publish,
    { ...publish, qos: 0, receipt: false, data: null },
    { ...publish, qos: 2, receipt: true, clientMessageId: long(limits.messageIdChars), data: [] },
    { action: "publish", toUser: "安 n/@#", eventName: "say", data: 0, clientMessageId: "c 1" },
    { action: "ack", rooms: [] },
    { action: "ack", session: "s", rooms: acked(limits.roomsPerAck), receipts: receipts(limits.receiptsPerAck) },
    {
      action: "ack",
      rooms: [
        { roomId: "@all", ...since },
        { roomId: "@user", ...since },
      ],
    },
    { action: "replay", roomId: "456", epoch: "k3f9", after: 0 },
    { action: "replay", roomId: "@user", epoch: "k3f9", after: 10 ** 9 },
    { action: "replay", toUser: "bob", after: 3, ref: "r" },
    { action: "replay", toUser: "bob", history: limits.historyMessages },
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

describe("a frame that is not a JSON object is refused with 4001", () => {
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
    const msg = "action should be one of hello, loginRoom, leaveRoom, publish, ack, replay, here, heartbeat";
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

const badSinces: [unknown, string][] = [
  ["first", "expected {epoch, seq}, got a string"],
  [null, "expected {epoch, seq}, got null"],
  [12, "expected {epoch, seq}, got a number"],
  [{ seq: 12 }, "epoch should be a string of 1 to 32 characters, got nothing"],
  [{ epoch: "k3f9" }, "seq should be a whole number from 0, got nothing"],
  [{ epoch: "k3f9", seq: -1 }, "seq should be a whole number from 0, got -1"],
  [{ epoch: "k3f9", seq: 1.5 }, "seq should be a whole number from 0, got 1.5"],
  [{ epoch: "k3f9", seq: 2 ** 53 }, `seq should be a whole number from 0, got ${2 ** 53}`],
  [{ epoch: long(33), seq: 1 }, "epoch should be a string of 1 to 32 characters, got 33 characters"],
  [{ epoch: "\ud83d", seq: 1 }, "epoch ends or begins in the middle of a character"],
  [{ ...since, roomId: "456" }, 'unknown field "roomId", allowed are epoch, seq'],
];
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
  [
    { action: "loginRoom", roomId: "456", sinse: 1 },
    'loginRoom: unknown field "sinse", allowed are roomId, type, since, history',
  ],
  ...badSinces.map(([value, why]): [object, string] => [
    { action: "loginRoom", roomId: "456", since: value },
    `loginRoom: since should be {epoch, seq} or "last": ${why}`,
  ]),
  ...badSinces.map(([value, why]): [object, string] => [
    { action: "hello", rooms: [{ roomId: "@all", since: value }] },
    `hello: rooms: since should be {epoch, seq} or "last": ${why}`,
  ]),
  ...[0, 101, -1, 1.5].map((history): [object, string] => [
    { action: "loginRoom", roomId: "456", history },
    `loginRoom: history should be a whole number from 1 to 100, got ${history}`,
  ]),
  [{ action: "loginRoom", roomId: "456", since, history: 5 }, "loginRoom: give since or history, not both"],
  [
    { action: "hello", rooms: [{ roomId: "456", since: "last", history: 5 }] },
    "hello: give since or history, not both",
  ],
  [{ action: "hello", acks: 1 }, "hello: acks should be true or false, got a number"],
  [
    { action: "loginRoom", roomId: "@user" },
    "loginRoom: roomId @user is reserved: names that start with @ belong to Downlink",
  ],
  [{ ...publish, toUser: "bob" }, "publish: give either roomId or toUser"],
  [{ ...publish, roomId: undefined }, "publish: give either roomId or toUser"],
  [{ ...publish, roomId: "@all" }, "publish: roomId @all is reserved: names that start with @ belong to Downlink"],
  [{ ...publish, roomId: undefined, toUser: "" }, "publish: toUser should have 1 to 256 bytes as UTF-8, got 0"],
  [
    { ...publish, eventName: "probe" },
    "publish: eventName probe is reserved for Downlink's own notices, choose another",
  ],
  [{ ...publish, eventName: "@x" }, "publish: eventName @x is reserved for Downlink's own notices, choose another"],
  [
    { ...publish, eventName: long(129) },
    "publish: eventName should be a string of 1 to 128 characters, got 129 characters",
  ],
  [{ ...publish, data: undefined }, "publish: data is missing; it may be any JSON, null included"],
  [
    { ...publish, clientMessageId: undefined },
    "publish: clientMessageId should be a string of 1 to 128 characters, got nothing",
  ],
  [
    { ...publish, clientMessageId: long(129) },
    "publish: clientMessageId should be a string of 1 to 128 characters, got 129 characters",
  ],
  ...[3, -1, 0.5].map((qos): [object, string] => [
    { ...publish, qos },
    `publish: qos should be one of 0, 1, 2, got ${qos}`,
  ]),
  [{ ...publish, qos: 0, receipt: true }, "publish: receipt needs qos 1 or 2: at qos 0 nobody acks"],
  [{ ...publish, receipt: "ann" }, "publish: receipt should be true or false, got a string"],
  [
    { ...publish, from: "somebody else" },
    'publish: unknown field "from", allowed are roomId, toUser, eventName, data, clientMessageId, qos, receipt',
  ],
  [{ action: "ack" }, "ack: rooms should be an array, got nothing"],
  [{ action: "ack", rooms: acked(103) }, "ack: rooms has 103 entries, allowed are 102"],
  [{ action: "ack", rooms: [...acked(1), ...acked(1)] }, "ack: rooms names a room twice"],
  [
    { action: "ack", rooms: [{ roomId: "456", seq: 1 }] },
    "ack: rooms: epoch should be a string of 1 to 32 characters, got nothing",
  ],
  [
    { action: "ack", rooms: [{ roomId: "456", epoch: "k3f9", seq: -1 }] },
    "ack: rooms: seq should be a whole number from 0, got -1",
  ],
  [
    { action: "ack", rooms: [{ roomId: "@user/ann", epoch: "k3f9", seq: 1 }] },
    "ack: rooms: roomId @user/ann is reserved: names that start with @ belong to Downlink",
  ],
  [{ action: "ack", rooms: [], receipts: receipts(65) }, "ack: receipts has 65 entries, allowed are 64"],
  [
    { action: "ack", rooms: [], receipts: [{ roomId: "456" }] },
    "ack: receipts: seq should be a whole number from 0, got nothing",
  ],
  [{ action: "replay", after: 0 }, "replay: give either roomId or toUser"],
  [{ action: "replay", roomId: "456", toUser: "bob", after: 0 }, "replay: give either roomId or toUser"],
  [{ action: "replay", roomId: "456" }, "replay: give either after or history"],
  [{ action: "replay", toUser: "bob", after: 0, history: 1 }, "replay: give either after or history"],
  [{ action: "replay", roomId: "456", history: 1 }, "replay: history needs toUser; for a room, give it to loginRoom"],
  [{ action: "replay", toUser: "bob", epoch: "k3f9", history: 1 }, "replay: epoch goes with after, not with history"],
  [{ action: "replay", toUser: "bob", history: 0 }, "replay: history should be a whole number from 1 to 100, got 0"],
  ...[-1, 1.5, 2 ** 53].map((after): [object, string] => [
    { action: "replay", roomId: "456", after },
    `replay: after should be a whole number from 0, got ${after}`,
  ]),
  [
    { action: "replay", roomId: "456", epoch: long(33), after: 0 },
    "replay: epoch should be a string of 1 to 32 characters, got 33 characters",
  ],
  [
    '{"action":"loginRoom","roomId":"456","__proto__":{}}',
    'loginRoom: unknown field "__proto__", allowed are roomId, type, since, history',
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
    { action: "hello", rooms: [{ roomId: "1", epoch: "k3f9" }] },
    'hello: rooms: unknown field "epoch", allowed are roomId, type, generation, since, history',
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

describe("the names in a refused frame", () => {
  test.each([
    [
      { roomId: "456", clientMessageId: "c", data: 1 },
      { roomId: "456", clientMessageId: "c" },
    ],
    [{ roomId: "a b", clientMessageId: "c" }, { clientMessageId: "c" }],
    [{ roomId: "456", clientMessageId: long(129) }, { roomId: "456" }],
    [{ roomId: 5, clientMessageId: {} }, {}],
    [[], {}],
  ])("are returned only if they are valid: %j", (frame, names) => {
    expect(namesIn(JSON.stringify(frame))).toEqual(names);
  });

  test("are empty if the frame is not JSON", () => {
    expect([namesIn("{"), namesIn(undefined)]).toEqual([{}, {}]);
  });
});

test("the parser never throws, and its error texts are short", () => {
  const nearly = fc.record(
    {
      action: fc.constantFrom("hello", "loginRoom", "here", "publish", "ack", "replay"),
      ref: fc.jsonValue(),
      roomId: fc.jsonValue(),
      rooms: fc.jsonValue(),
      since: fc.jsonValue(),
      data: fc.jsonValue(),
      receipts: fc.jsonValue(),
      after: fc.jsonValue(),
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
