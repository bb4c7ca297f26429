import { beforeEach, describe, expect, test } from "vitest";
import { push } from "../../../../lambdas/domain/push/push.ts";
import { serializeMessage } from "../../../../lambdas/domain/wire/serialize.ts";
import { Harness, type Page } from "../../../support/harness.ts";
import { sharedTables } from "../../../support/shared-tables.ts";
import { openTables, rowsOf } from "../../../support/tables.ts";

const tables = sharedTables(openTables);

let harness: Harness;
let room = "";
let ann: Page;
let bob: Page;
beforeEach(async () => {
  harness = new Harness(tables.client);
  room = `room-${harness.nextId()}`;
  ann = await harness.connect();
  bob = await harness.connect();
});

const pushTo = (rooms: string[], rawData = "1", eventName = "test") =>
  push(harness.deps, { rooms, eventName, rawData, qos: 1 });
const logOf = async (roomId: string) =>
  (await rowsOf(tables.client, "Messages")).filter((row) => row.roomId === roomId);

describe("a push to a room", () => {
  test("reaches its members only", async () => {
    await ann.login(room);
    const accepted = await pushTo([room], '{"a":1}');
    expect(ann.inbox.at(-1)).toEqual({
      type: "message",
      eventName: "test",
      data: { a: 1 },
      roomId: room,
      epoch: expect.any(String),
      seq: 1,
      messageId: "messageId" in accepted && accepted.messageId,
      at: harness.nowMs,
      qos: 1,
    });
    expect(bob.messages()).toEqual([]);
  });

  test("without members is accepted and logged", async () => {
    expect(await pushTo([room], "null")).toHaveProperty("messageId");
    expect(await logOf(room)).toMatchObject([{ roomId: room, seq: 1, data: "null", eventName: "test" }]);
  });

  test("is numbered from 1, without a gap, in one epoch", async () => {
    await ann.login(room);
    await Promise.all([pushTo([room]), pushTo([room]), pushTo([room])]);
    const rows = await logOf(room);
    expect(rows.map(({ seq }) => seq)).toEqual([1, 2, 3]);
    expect(new Set(rows.map(({ epoch }) => epoch)).size).toBe(1);
  });

  test("goes to the session's current connection", async () => {
    await ann.login(room);
    const old = ann.connectionId;
    await ann.open();
    harness.outcomes.set(old, "unknown");
    await pushTo([room]);
    expect(ann.messages()).toEqual([1]);
  });

  test("does not reach a member that has left", async () => {
    await ann.login(room);
    await ann.leave(room);
    await pushTo([room]);
    expect(ann.messages()).toEqual([]);
  });
});

describe("a push to several rooms", () => {
  test("reaches the members of each with one message id, once per room", async () => {
    const other = `${room}-other`;
    await ann.login(room);
    await ann.login(other);
    await bob.login(other, "loginWhenever");
    await pushTo([room, other]);
    const got = ann.inbox.filter((frame) => frame.type === "message");
    expect(got.map(({ roomId }) => roomId).sort()).toEqual([room, other]);
    expect(new Set(got.map(({ messageId }) => messageId)).size).toBe(1);
    expect(bob.messages()).toEqual([1]);
  });

  // A table error of one room ended the Lambda, and froze it, during the other room's posts.
  test("fails only after it was delivered to the rooms that could be written", async () => {
    const broken = `${room}-broken`;
    await ann.login(room);
    const { rooms, gateway } = harness.deps;
    const deps = {
      ...harness.deps,
      rooms: {
        ...rooms,
        nextSeq: (roomId: string) =>
          roomId === broken ? Promise.reject(new Error("throttled")) : rooms.nextSeq(roomId),
      },
      gateway: {
        ...gateway,
        post: async (connectionId: string, text: string) => {
          await new Promise<void>((done) => setImmediate(done));
          return gateway.post(connectionId, text);
        },
      },
    };
    const failed = push(deps, { rooms: [broken, room], eventName: "test", rawData: "1", qos: 1 });
    await expect(failed).rejects.toThrow("throttled");
    expect(ann.messages()).toEqual([1]);
  });
});

describe("a push to a user", () => {
  test("reaches all of the user's connections without any login, and no other user", async () => {
    const tabs = [await harness.connect({ subject: "eve/ü" }), await harness.connect({ subject: "eve/ü" })];
    await pushTo(["@user/eve/ü"]);
    for (const tab of tabs) {
      expect(tab.messages()).toEqual([1]);
      // The page knows its user: each user's own room has the same name.
      expect(tab.inbox.at(-1)).toMatchObject({ roomId: "@user" });
    }
    expect(ann.messages()).toEqual([]);
  });

  test("does not reach a connection that has ended", async () => {
    const [first, second] = [await harness.connect({ subject: "joe" }), await harness.connect({ subject: "joe" })];
    await first.close();
    await pushTo(["@user/joe"]);
    expect(first.messages()).toEqual([]);
    expect(second.messages()).toEqual([1]);
  });
});

describe("a push to everyone", () => {
  test("reaches every connection, in a room or not, and names no room", async () => {
    await ann.login(room);
    await pushTo(["@all"]);
    for (const page of [ann, bob]) {
      expect(page.messages()).toEqual([1]);
      expect(page.inbox.at(-1)).not.toHaveProperty("roomId");
    }
  });

  test("leaves out expired connections", async () => {
    const from = harness.nowMs;
    harness.nowMs += 130 * 60_000 + 1_000;
    await pushTo(["@all"]);
    expect(ann.messages()).toEqual([]);
    harness.nowMs = from;
  });
});

describe("the frame", () => {
  const message = { roomId: "456", epoch: "e", seq: 7, messageId: "m", eventName: "test", rawData: "1", atMs: 5 };

  test("keeps the text of the data: numbers, key order and spaces", () => {
    const rawData = '{ "2": 1, "1": 12345678901234567890, "__proto__": {"x": 1.0}, "e": "\\u00e9é" }';
    expect(serializeMessage(harness.deps, { ...message, rawData })).toBe(
      `{"type":"message","eventName":"test","data":${rawData},"roomId":"456","epoch":"e","seq":7,"messageId":"m","at":5,"qos":1}`,
    );
  });

  test("is JSON for any event name", () => {
    const eventName = '"},"type":"evicted","\n';
    expect(JSON.parse(serializeMessage(harness.deps, { ...message, eventName }))).toMatchObject({
      type: "message",
      eventName,
    });
  });
});
