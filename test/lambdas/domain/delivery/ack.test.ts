import { beforeEach, describe, expect, test } from "vitest";
import { tableOf } from "../../../../lambdas/adapters/dynamodb/table.ts";
import { ack } from "../../../../lambdas/domain/delivery/ack.ts";
import type { Position, Receipt } from "../../../../protocol/frames.ts";
import { AckingPage } from "../../../support/acking-page.ts";
import { Harness } from "../../../support/harness.ts";
import { openInMemoryTables } from "../../../support/in-memory-tables.ts";
import { intercept } from "../../../support/intercept.ts";
import { sharedTables } from "../../../support/shared-tables.ts";

const tables = sharedTables(openInMemoryTables);

let harness: Harness;
let room = "";
let ann: AckingPage;
let bob: AckingPage;
beforeEach(async () => {
  harness = new Harness(tables.client);
  room = `room-${harness.nextId()}`;
  ann = await AckingPage.open(harness);
  bob = await AckingPage.open(harness);
  await ann.login(room, "loginWhenever");
});

const cursorOf = async ({ page }: AckingPage, roomId = room) =>
  (await harness.deps.members.get(roomId, roomId.startsWith("@") ? page.connectionId : page.session))?.cursor;
const ackBy = async (
  { page }: AckingPage,
  seq: number,
  { epoch, receipts }: { epoch?: string; receipts?: Receipt[] } = {},
) => {
  const at: Position = { epoch: epoch ?? (await harness.deps.rooms.open(room)).epoch, seq };
  const rooms = [{ roomId: room, ...at }];
  return ack(harness.deps, page.caller, { action: "ack", session: page.session, rooms, ...(receipts && { receipts }) });
};
const pushes = async (count: number) => {
  for (let i = 0; i < count; i += 1) await harness.push(room, String(i));
};

test("a cached room is as old as the moment before its read", async () => {
  await pushes(1);
  const beforeMs = harness.nowMs;
  const get: Harness["deps"]["rooms"]["get"] = async (roomId) => {
    const found = await harness.deps.rooms.get(roomId);
    harness.nowMs += 600;
    return found;
  };
  const deps = { ...harness.deps, rooms: { ...harness.deps.rooms, get } };
  const { epoch } = await harness.deps.rooms.open(room);
  const { caller, session } = ann.page;
  await ack(deps, caller, { action: "ack", session, rooms: [{ roomId: room, epoch, seq: 1 }] });
  expect(harness.deps.roomCache.get(room, beforeMs + 999)).toBeDefined();
  expect(harness.deps.roomCache.get(room, beforeMs + 1_000)).toBeUndefined();
});

describe("an ack", () => {
  test("moves the cursor forward, and has no reply", async () => {
    await pushes(3);
    expect(await ackBy(ann, 2)).toBeUndefined();
    expect(await cursorOf(ann)).toMatchObject({ seq: 2 });
  });

  test("that a newer one overtook changes nothing, and is not an error", async () => {
    await pushes(3);
    await ackBy(ann, 3);
    expect(await ackBy(ann, 1)).toBeUndefined();
    expect(await cursorOf(ann)).toMatchObject({ seq: 3 });
  });

  test("of the room of everyone and of the own room moves the cursors there", async () => {
    await harness.push("@all");
    await harness.push(`@user/${ann.page.subject}`);
    await ann.ack();
    expect(await cursorOf(ann, "@all")).toEqual(ann.since("@all"));
    expect(await cursorOf(ann, `@user/${ann.page.subject}`)).toMatchObject({ seq: 1 });
  });

  test.each([
    ["a number that was never sent", 4, undefined, "stands at 3, got 4"],
    ["an impossible number", 1_000_000_000, undefined, "stands at 3"],
    ["another epoch", 2, "elsewhere", "another epoch"],
  ])("of %s is refused, and the cursor stays", async (_, seq, epoch, problem) => {
    await pushes(3);
    const refused = await ackBy(ann, seq, epoch === undefined ? {} : { epoch });
    expect(refused).toMatchObject({ type: "refused", data: { code: "4003", msg: expect.stringContaining(problem) } });
    expect(await cursorOf(ann)).toMatchObject({ seq: 0 });
  });

  test("of a room without the caller is refused, and moves no cursor", async () => {
    await pushes(1);
    expect(await ackBy(bob, 1)).toMatchObject({ data: { code: "4003", msg: `ack: you are not in room ${room}` } });
    expect(await cursorOf(ann)).toMatchObject({ seq: 0 });
  });

  test("of several rooms without the caller names all of them", async () => {
    const { epoch } = await harness.deps.rooms.open(room);
    const rooms = ["elsewhere", "nowhere"].map((roomId) => ({ roomId, epoch, seq: 1 }));
    const refused = await ack(harness.deps, ann.page.caller, { action: "ack", session: ann.page.session, rooms });
    const msg = "ack: you are not in room elsewhere; you are not in room nowhere";
    expect(refused).toMatchObject({ data: { code: "4003", msg } });
  });

  // The error said that the caller was not in the room.
  test.each([
    ["missing", undefined],
    ["not yours", "another"],
  ])("with a session that is %s is refused with that reason, and moves no cursor", async (which, session) => {
    await pushes(1);
    await harness.push("@all");
    const { epoch } = await harness.deps.rooms.open(room);
    const all = await harness.deps.rooms.open("@all");
    const rooms = [
      { roomId: room, epoch, seq: 1 },
      { roomId: "@all", epoch: all.epoch, seq: all.seq + 1 },
    ];
    const refused = await ack(harness.deps, ann.page.caller, { action: "ack", ...(session && { session }), rooms });
    const problem = `room @all stands at ${all.seq}, got ${all.seq + 1}`;
    expect(refused).toMatchObject({ data: { msg: `ack: session is ${which}: give that of connetResp; ${problem}` } });
    expect(await cursorOf(ann)).toMatchObject({ seq: 0 });
  });

  test("by the session's previous connection moves no cursor", async () => {
    await pushes(1);
    const old = ann.page.caller;
    await ann.page.open();
    const { epoch } = await harness.deps.rooms.open(room);
    const rooms = [{ roomId: room, epoch, seq: 1 }];
    const refused = await ack(harness.deps, old, { action: "ack", session: ann.page.session, rooms });
    expect(refused).toMatchObject({ type: "refused" });
  });

  test("that is wrong for one room still acks the others", async () => {
    await pushes(1);
    const { epoch } = await harness.deps.rooms.open(room);
    const rooms = [
      { roomId: "elsewhere", epoch, seq: 1 },
      { roomId: room, epoch, seq: 1 },
    ];
    await ack(harness.deps, ann.page.caller, { action: "ack", session: ann.page.session, rooms });
    expect(await cursorOf(ann)).toMatchObject({ seq: 1 });
  });
});

describe("concurrent acks of many members", () => {
  let reads = 0;
  beforeEach(async () => {
    reads = 0;
    intercept(harness.deps.rooms, "get", (get) => (roomId) => {
      reads += 1;
      return get(roomId);
    });
    await bob.login(room, "loginWhenever");
    await pushes(3);
    await ackBy(ann, 1);
  });

  test("read their room once a second", async () => {
    expect(await ackBy(bob, 2)).toBeUndefined();
    expect(await ackBy(ann, 3)).toBeUndefined();
    expect(reads).toBe(1);
    expect([await cursorOf(ann), await cursorOf(bob)]).toMatchObject([{ seq: 3 }, { seq: 2 }]);
    await pushes(1);
    harness.nowMs += 1_000;
    await ackBy(ann, 4);
    expect(reads).toBe(2);
  });

  test("of a message that is newer than the cached room read the room again", async () => {
    await pushes(1);
    expect(await ackBy(ann, 4)).toBeUndefined();
    expect(await cursorOf(ann)).toMatchObject({ seq: 4 });
    expect(reads).toBe(2);
  });

  test("of a number that was never sent, or of another epoch, are refused despite the cache", async () => {
    expect(await ackBy(bob, 4)).toMatchObject({ data: { code: "4003", msg: `ack: room ${room} stands at 3, got 4` } });
    expect(await ackBy(bob, 2, { epoch: "elsewhere" })).toMatchObject({ data: { code: "4003" } });
    expect(await cursorOf(bob)).toMatchObject({ seq: 0 });
  });

  test("do not set a member of the new epoch back to the old one", async () => {
    const { epoch } = await harness.deps.rooms.open(room);
    await tableOf(tables.client, "Rooms").remove({ roomId: room, item: "room" });
    const fresh = await harness.deps.rooms.open(room);
    await harness.deps.members.setCursor(room, bob.page.session, bob.page.connectionId, { epoch: fresh.epoch, seq: 0 });
    expect(await ackBy(bob, 2, { epoch })).toMatchObject({ data: { code: "4003" } });
    expect(await cursorOf(bob)).toEqual({ epoch: fresh.epoch, seq: 0 });
  });

  test("get `behind` for messages that were deferred since the room was cached", async () => {
    await pushes(80);
    await ackBy(ann, 83);
    await pushes(60);
    expect(await ackBy(bob, 83)).toMatchObject({ type: "behind", rooms: [room] });
  });
});

describe("a room whose counters were lost", () => {
  beforeEach(async () => {
    await pushes(3);
    await ann.ack();
    await tableOf(tables.client, "Rooms").remove({ roomId: room, item: "room" });
    harness.nowMs += 1;
  });

  // Every ack of the new epoch was refused until the page reconnected.
  test("accepts acks of its new epoch from its members", async () => {
    await harness.push(room, '"new"');
    await ann.ack();
    expect(ann.refusals).toEqual([]);
    expect(await cursorOf(ann)).toEqual(ann.since(room));
    expect(ann.resets).toEqual([room]);
  });

  test("redelivers lost messages of its new epoch", async () => {
    harness.lost.add(ann.page.connectionId);
    await harness.push(room, '"new"');
    harness.lost.clear();
    await harness.pass(5_000);
    expect(ann.dataOf(room)).toEqual([0, 1, 2, "new"]);
  });
});

describe("a member that exceeds its ack window", () => {
  test("is posted no more than the window, and gets `behind` for its ack", async () => {
    await pushes(130);
    expect(ann.dataOf(room)).toHaveLength(128);
    const reply = await ackBy(ann, 128);
    expect(reply).toEqual({
      type: "behind",
      eventName: "ackResp",
      data: { code: "2013", msg: "more is waiting" },
      rooms: [room],
    });
    if (reply) ann.onFrame(reply);
    await ann.fill();
    await ann.ack();
    expect(ann.dataOf(room)).toEqual(Array.from({ length: 130 }, (_, i) => i));
  });

  test("does not affect other members", async () => {
    await bob.login(room, "loginWhenever");
    for (let i = 0; i < 130; i += 1) {
      await harness.push(room, String(i));
      if (i % 60 === 0) await bob.ack();
    }
    expect(bob.dataOf(room)).toHaveLength(130);
  });
});

describe("a receipt", () => {
  const pushFor = (receiptTo: string) => harness.push(room, "1", { receiptTo });

  test("is sent to all of the sender's devices when the message is acked", async () => {
    const tablet = await AckingPage.open(harness, { subject: bob.page.subject });
    const pushed = await pushFor(bob.page.subject);
    await ackBy(ann, 1, { receipts: [{ roomId: room, seq: 1 }] });
    const acked = "messageId" in pushed ? [pushed.messageId] : [];
    expect(bob.delivered).toEqual(acked);
    expect(tablet.delivered).toEqual(acked);
    expect(ann.delivered).toEqual([]);
  });

  test.each([
    ["of an older message", 0, 1],
    ["of a number without a message", 1, 7],
  ])("with an ack %s is not sent", async (_, acked, seq) => {
    await pushFor(bob.page.subject);
    await ackBy(ann, acked, { receipts: [{ roomId: room, seq }] });
    expect(bob.delivered).toEqual([]);
  });

  test("by another user is not sent", async () => {
    await pushFor(bob.page.subject);
    const eve = await AckingPage.open(harness);
    await ackBy(eve, 1, { receipts: [{ roomId: room, seq: 1 }] });
    expect(bob.delivered).toEqual([]);
  });

  test("of a message that requests none, or of the own message, is not sent", async () => {
    await harness.push(room, "1");
    await pushFor(ann.page.subject);
    const receipts = [1, 2].map((seq) => ({ roomId: room, seq }));
    await ackBy(ann, 2, { receipts });
    expect([...ann.delivered, ...bob.delivered]).toEqual([]);
  });
});
