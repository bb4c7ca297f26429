import { beforeEach, describe, expect, test } from "vitest";
import { connectionsIn } from "../../../lambdas/adapters/connections-table.ts";
import { cursorsIn } from "../../../lambdas/adapters/cursors-table.ts";
import { membersIn } from "../../../lambdas/adapters/members-table.ts";
import { logIn } from "../../../lambdas/adapters/messages-table.ts";
import { pushesIn } from "../../../lambdas/adapters/pushes-table.ts";
import { roomsIn } from "../../../lambdas/adapters/rooms-table.ts";
import { tableOf } from "../../../lambdas/adapters/table.ts";
import type { LogEntry, Member, Message, NewMember } from "../../../lambdas/domain/ports.ts";
import { inPagesOf, openTables, rowsOf } from "../../support/tables.ts";
import { tablesForAll } from "../../support/tables-for-all.ts";

const tables = tablesForAll(openTables);

const startMs = 1_700_000_000_000;
const retentionMs = 86_400_000;
let nowMs = startMs;
let count = 0;
let room = "";
beforeEach(() => {
  nowMs = startMs;
  count += 1;
  room = `room-${count}`;
});
const now = () => nowMs;
const table = (name: string) => tableOf(tables.client, name);

describe("the log", () => {
  const log = () => logIn(table("Messages"), now, retentionMs);
  const message = (seq: number, more: Partial<Message> = {}): Message => ({
    ...{ roomId: room, epoch: "e", seq, messageId: `m-${seq}`, eventName: "test", rawData: "1", atMs: nowMs },
    ...more,
  });
  const read = async (from: number, to: number, epoch = "e", of = log()) => {
    const all: LogEntry[] = [];
    for await (const page of of.pages({ roomId: room, epoch }, from, to)) all.push(...page);
    return all;
  };
  const rowsNow = async () => (await rowsOf(tables.client, "Messages")).filter((row) => row.roomId === room);

  test("keeps a message as it was pushed until its time is over", async () => {
    const rawData = '{ "2":1, "1":12345678901234567890 }';
    const more = { rawData, from: "ann", conversation: "a_b", receiptTo: "ann", untilMs: startMs + 5 };
    expect(await log().append(message(7, more))).toBe("done");
    const { rawData: _, ...rest } = message(7, more);
    expect(await rowsNow()).toEqual([{ ...rest, data: rawData, expiresAt: (startMs + retentionMs) / 1000 }]);
    expect(await log().get(room, { epoch: "e", seq: 7 })).toMatchObject({ seq: 7, message: message(7, more) });
    nowMs += retentionMs;
    expect(await log().get(room, { epoch: "e", seq: 7 })).toBeUndefined();
    expect(await read(1, 9)).toEqual([]);
  });

  test.each<[string, Partial<Message>, "done" | "there" | "void"]>([
    ["the same message", {}, "there"],
    ["another message", { messageId: "other" }, "void"],
    ["another message, though later", { messageId: "other", atMs: startMs + 9 }, "void"],
    ["a later message of another epoch", { messageId: "other", epoch: "f", atMs: startMs + 1 }, "done"],
    ["an older message of another epoch", { messageId: "other", epoch: "f", atMs: startMs - 1 }, "void"],
  ])("gives a number that is taken to %s: %3$s", async (_, more, outcome) => {
    await log().append(message(1));
    expect(await log().append(message(1, more))).toBe(outcome);
    const kept = outcome === "done" ? message(1, more) : message(1);
    expect((await read(1, 1, kept.epoch))[0]?.message?.messageId).toBe(kept.messageId);
  });

  test("gives a number up once and for ever; one that is taken it does not", async () => {
    const at = { epoch: "e", seq: 1, atMs: startMs };
    expect(await log().giveUp(room, at)).toBe("done");
    expect(await log().giveUp(room, at)).toBe("done");
    expect(await log().append(message(1))).toBe("void");
    expect(await read(1, 1)).toMatchObject([{ seq: 1 }]);
    expect((await read(1, 1))[0]).not.toHaveProperty("message");
    await log().append(message(2));
    expect(await log().giveUp(room, { ...at, seq: 2 })).toBe("taken");
  });

  test("is read in order, both ends included, of one epoch, page by page", async () => {
    for (let seq = 12; seq >= 1; seq -= 1) await log().append(message(seq, seq === 5 ? { epoch: "old" } : {}));
    const small = logIn(tableOf(inPagesOf(3, tables.client), "Messages"), now, retentionMs);
    expect((await read(2, 11, "e", small)).map(({ seq }) => seq)).toEqual([2, 3, 4, 6, 7, 8, 9, 10, 11]);
    expect(await read(5, 4)).toEqual([]);
    expect(await log().get(room, { epoch: "e", seq: 5 })).toBeUndefined();
  });
});

describe("the books on pushes", () => {
  const pushes = () => pushesIn(table("Rooms"), now);
  const record = (seq: number, roomId = room) => ({ roomId, epoch: "e", seq, atMs: nowMs, done: false });

  test("enter the first, and tell the second of it", async () => {
    expect(await pushes().begin(room, record(1))).toBeUndefined();
    expect(await pushes().begin(room, record(2))).toEqual(record(1));
    expect(await pushes().get(room)).toEqual([record(1)]);
  });

  test("enter one of many at once", async () => {
    const entered = await Promise.all(Array.from({ length: 6 }, (_, i) => pushes().begin(room, record(i))));
    expect(entered.filter((first) => first === undefined)).toHaveLength(1);
  });

  test("are kept for a day", async () => {
    await pushes().begin(room, record(1));
    nowMs += 86_399_000;
    expect(await pushes().begin(room, record(2))).toMatchObject({ seq: 1 });
    nowMs += 1_000;
    expect(await pushes().get(room)).toEqual([]);
    expect(await pushes().begin(room, record(3))).toBeUndefined();
  });

  test("give another number only to a push that has the one of before", async () => {
    await pushes().begin(room, record(1));
    await pushes().renumber(room, record(3), 2);
    expect(await pushes().get(room)).toMatchObject([{ seq: 1 }]);
    await pushes().renumber(room, record(3), 1);
    expect(await pushes().get(room)).toMatchObject([{ seq: 3 }]);
  });

  test("hold one record for each room, and how its delivery ended", async () => {
    const outcomes = { members: 1, sent: 1, gone: 0, slow: 0, failed: 0, unknown: 0, waiting: 0 };
    await pushes().begin(room, record(1));
    await pushes().begin(room, record(9, `${room}#b`));
    await pushes().finish(room, { ...record(1), done: true, outcomes });
    expect(await pushes().get(room)).toEqual([{ ...record(1), done: true, outcomes }, record(9, `${room}#b`)]);
  });
});

describe("where a subject stopped", () => {
  const cursors = () => cursorsIn(table("Rooms"), now);

  const acked = (seq: number, epoch = "e") => ({ epoch, seq, hasAcked: true });
  const start = (seq: number, epoch = "e") => ({ epoch, seq, hasAcked: false });

  test.each([
    ["further on", acked(5), acked(6), true],
    ["at the same place", acked(5), acked(5), false],
    ["back", acked(5), acked(4), false],
    ["in another epoch", acked(5), acked(1, "f"), true],
    ["where something was acked, after a mere start", start(5), acked(4), true],
    ["a mere start, after something was acked", acked(5), start(6), false],
    ["a second start", start(5), start(6), false],
    ["a start in another epoch", acked(5), start(1, "f"), true],
  ])("is kept when it is %s: %4$j", async (_, before, stop, isKept) => {
    await cursors().keep(room, "ann", before);
    await cursors().keep(room, "ann", stop);
    expect(await cursors().get(room, "ann")).toEqual(isKept ? stop : before);
  });

  test("is each subject's own, in each room, for thirty days", async () => {
    await cursors().keep(room, "ann", acked(5));
    expect(await cursors().get(room, "bob")).toBeUndefined();
    expect(await cursors().get(`${room}-b`, "ann")).toBeUndefined();
    nowMs += 30 * 86_400_000;
    expect(await cursors().get(room, "ann")).toBeUndefined();
  });
});

describe.each(["a room", "everyone"])("a member's cursor in %s", (where) => {
  const members = () => membersIn(table("Rooms"), table("Connections"), now);
  const roomId = () => (where === "everyone" ? "@all" : room);
  const session = () => (where === "everyone" ? room : "s#1");
  const get = () => members().get(roomId(), session());
  beforeEach(async () => {
    const caller = { connectionId: room, connectedAtMs: startMs, subject: "ann", tokenExpiresAtMs: 9 };
    await connectionsIn(table("Connections"), now).put({ ...caller, grants: { rooms: [], publish: [] } });
    const place: NewMember = {
      ...{ session: session(), connectionId: room, connectedAtMs: startMs, subject: "ann" },
      ...{ generation: 0, holds: false },
    };
    if (where === "a room") await members().put(room, place);
    await members().setCursor(roomId(), session(), room, { epoch: "e", seq: 5 });
  });

  test.each<[string, { seq?: number; epoch?: string; connectionId?: string }, number | "refused"]>([
    ["forward", {}, 5],
    ["to where it is", { seq: 5 }, "refused"],
    ["back", { seq: 4 }, "refused"],
    ["in another epoch", { epoch: "f" }, "refused"],
    ["for another connection", { connectionId: "other" }, "refused"],
  ])("is moved by an ack %s: %3$j", async (_, { seq = 7, epoch = "e", connectionId = room }, outcome) => {
    expect(await members().ack(roomId(), session(), connectionId, { epoch, seq })).toBe(outcome);
    expect((await get())?.cursor).toEqual({ epoch: "e", seq: outcome === "refused" ? 5 : 7 });
  });

  test("is moved by no ack where there is none", async () => {
    expect(await members().ack(roomId(), "nobody", "nobody", { epoch: "e", seq: 7 })).toBe("refused");
    expect(await members().get(roomId(), "nobody")).toBeUndefined();
  });

  test("is set wherever it was, by its own connection only", async () => {
    await members().setCursor(roomId(), session(), "other", { epoch: "f", seq: 1 });
    expect((await get())?.cursor).toEqual({ epoch: "e", seq: 5 });
    await members().setCursor(roomId(), session(), room, { epoch: "f", seq: 1 });
    expect((await get())?.cursor).toEqual({ epoch: "f", seq: 1 });
  });

  const tried = { tries: 2, triedAtMs: 9, givenUpSeq: 3 };
  const note = async (changes: Partial<Member> = {}) => {
    const member = await get();
    if (member) await members().noteTry(roomId(), { ...member, ...tried, ...changes });
  };

  test.each<[string, Partial<Member>, boolean]>([
    ["where the cursor is still there", {}, true],
    ["where it has moved", { cursor: { epoch: "e", seq: 4 } }, false],
    ["where its epoch has changed", { cursor: { epoch: "f", seq: 5 } }, false],
    ["for another connection", { connectionId: "other" }, false],
  ])("has its tries noted %s: %3$j", async (_, changes, isNoted) => {
    await note(changes);
    expect(await get()).toMatchObject(isNoted ? tried : { tries: 0, triedAtMs: 0, givenUpSeq: 0 });
  });

  test.each([
    ["an ack", () => members().ack(roomId(), session(), room, { epoch: "e", seq: 6 })],
    ["a new start", () => members().setCursor(roomId(), session(), room, { epoch: "e", seq: 6 })],
  ])("begins its tries anew with %s", async (_, move) => {
    await note();
    await move();
    expect(await get()).toMatchObject({ tries: 0, triedAtMs: 0, givenUpSeq: 0 });
  });
});

test.each([
  ["a connection over a poll that was later", { leaseUntilMs: startMs + 90_000 }, {}, "done"],
  ["a poll over an older connection", {}, { leaseUntilMs: startMs + 90_000, connectedAtMs: startMs + 9 }, "done"],
  ["a poll over a newer connection", {}, { leaseUntilMs: startMs + 90_000 }, "superseded"],
  ["an older connection over a newer one", {}, {}, "superseded"],
])("a place is taken by %s: %4$s", async (_, was, by, outcome) => {
  const members = membersIn(table("Rooms"), table("Connections"), now);
  const place = { session: "s", connectionId: "c", subject: "ann", generation: 0, holds: false };
  await members.put(room, { ...place, connectedAtMs: startMs + 5, ...was });
  expect(await members.put(room, { ...place, connectedAtMs: startMs, ...by })).toBe(outcome);
});

test("a lease ends its place", async () => {
  const members = membersIn(table("Rooms"), table("Connections"), now);
  const place = { session: "s", connectionId: "poll:s", connectedAtMs: startMs, subject: "ann", generation: 0 };
  await members.put(room, { ...place, holds: false, leaseUntilMs: startMs + 90_000 });
  nowMs += 89_999;
  expect(await members.get(room, "s")).toMatchObject({ leaseUntilMs: startMs + 90_000 });
  nowMs += 1;
  expect(await members.get(room, "s")).toBeUndefined();
});

test("a noted look is told with the next number of the room", async () => {
  const rooms = roomsIn(table("Rooms"), now, () => "e");
  await rooms.open(room);
  await rooms.noteLook(room, 77);
  expect(await rooms.nextSeq(room)).toMatchObject({ seq: 1, lookAtMs: 77, lastAtMs: nowMs });
});
