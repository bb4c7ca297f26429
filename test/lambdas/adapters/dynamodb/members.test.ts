import { beforeAll, beforeEach, describe, expect, test } from "vitest";
import { connectionsIn } from "../../../../lambdas/adapters/dynamodb/connections.ts";
import { membersIn } from "../../../../lambdas/adapters/dynamodb/members.ts";
import { roomsIn } from "../../../../lambdas/adapters/dynamodb/rooms.ts";
import { tableOf } from "../../../../lambdas/adapters/dynamodb/table.ts";
import type { Member, MemberFilter, Members, NewMember } from "../../../../lambdas/domain/model/member.ts";
import { sharedTables } from "../../../support/shared-tables.ts";
import { inPagesOf, openTables, rowsOf } from "../../../support/tables.ts";

const tables = sharedTables(openTables);
let members: Members;
beforeAll(() => {
  members = membersOf(tables.client);
});

const membersOf = (client: Parameters<typeof tableOf>[0]) =>
  membersIn(tableOf(client, "Rooms"), tableOf(client, "Connections"), () => nowMs);

const startMs = 1_700_000_000_000;
const lastMs = startMs + 7_800_000;
let nowMs = startMs;
let rooms = 0;
let room = "";
beforeEach(() => {
  nowMs = startMs;
  rooms += 1;
  room = `room-${rooms}`;
});

const membership = (changes: Partial<NewMember> = {}): NewMember => ({
  session: "s#1",
  connectionId: "c-1",
  connectedAtMs: startMs,
  subject: "ann",
  generation: 3,
  holdsLease: false,
  ...changes,
});
/** A membership as it is read before any redelivery. */
const read = (changes: Partial<Member> = {}): Member => ({
  ...membership(),
  transport: "websocket",
  ...{ acks: false, hasAcked: false, redeliveries: 0, redeliveredAtMs: 0, exhaustedSeq: 0 },
  ...changes,
});
const now = () => members.get(room, "s#1");

describe("a membership", () => {
  test("is read as it was written, whatever characters its session has", async () => {
    const session = "a#b member# ü 😀";
    expect(await members.put(room, membership({ session, holdsLease: true }))).toBe("done");
    expect(await members.get(room, session)).toEqual(read({ session, holdsLease: true }));
  });

  test("is absent once it has expired", async () => {
    await members.put(room, membership());
    nowMs = lastMs - 1_000;
    expect(await now()).toBeDefined();
    nowMs = lastMs;
    expect(await now()).toBeUndefined();
    expect(await pagesOf(members)).toEqual([]);
  });

  test("keeps its lease when its session logs in again by a policy without one", async () => {
    await members.put(room, membership({ holdsLease: true }));
    await members.put(room, membership());
    expect(await now()).toMatchObject({ holdsLease: true });
  });
});

const rowOf = async () => (await rowsOf(tables.client, "Rooms")).find(({ roomId }) => roomId === room);

describe("writing over an existing membership", () => {
  test.each([
    ["of the same connection and generation", {}, "done"],
    ["by a newer connection", { connectionId: "c-2", connectedAtMs: startMs + 1 }, "done"],
    ["by an older connection", { connectionId: "c-0", connectedAtMs: startMs - 1 }, "superseded"],
    ["with a newer generation", { generation: 4 }, "done"],
    ["with an older generation", { generation: 2 }, "superseded"],
    ["by another subject with the same session", { subject: "eve", connectionId: "c-9" }, "superseded"],
  ])("%s: %3$s", async (_, changes, outcome) => {
    await members.put(room, membership());
    expect(await members.put(room, membership(changes))).toBe(outcome);
    expect(await now()).toEqual(outcome === "done" ? read(changes) : read());
  });
});

describe("starting a new membership", () => {
  const cursor = { epoch: "e", seq: 5 };
  const began = membership({ cursor });

  test.each([
    ["over one that is current", 3, {}, "superseded"],
    ["over one of an older generation", 4, {}, "done"],
    ["over one that has expired", 3, { connectedAtMs: startMs - 3 * 3_600_000 }, "done"],
    ["over one of another subject", 4, { subject: "eve" }, "superseded"],
  ])("%s: %4$s", async (_, current, was, outcome) => {
    const before = membership({ ...was, cursor: { epoch: "e", seq: 2 } });
    await members.put(room, before);
    expect(await members.put(room, { ...began, generation: 4 }, current)).toBe(outcome);
    expect((await rowOf())?.cursor).toEqual(outcome === "done" ? cursor : before.cursor);
  });

  test("keeps no ack of the earlier one", async () => {
    await members.put(room, began);
    await members.ack(room, "s#1", "c-1", { epoch: "e", seq: 6 });
    expect(await now()).toMatchObject({ hasAcked: true });
    await members.put(room, { ...began, generation: 4 });
    expect(await now()).toMatchObject({ hasAcked: true });
    await members.put(room, { ...began, generation: 5 }, 5);
    expect(await now()).toMatchObject({ hasAcked: false, startSeq: 5 });
  });
});

describe("moving a membership to another connection", () => {
  test.each([
    ["a newer one", { connectionId: "c-2", connectedAtMs: startMs + 1 }, "done"],
    ["an older one", { connectionId: "c-0", connectedAtMs: startMs - 1 }, "changed"],
    ["one with an older generation", { connectionId: "c-2", generation: 2 }, "changed"],
    ["one with a newer generation", { connectionId: "c-2", generation: 4 }, "changed"],
    ["one of another subject", { connectionId: "c-2", subject: "eve" }, "changed"],
  ])("%s: %3$s", async (_, changes, outcome) => {
    await members.put(room, membership({ holdsLease: true }));
    expect(await members.move(room, membership({ ...changes, holdsLease: true }))).toBe(outcome);
    expect(await now()).toEqual(
      outcome === "done" ? read({ ...changes, holdsLease: true }) : read({ holdsLease: true }),
    );
  });

  test("that is gone creates none", async () => {
    expect(await members.move(room, membership())).toBe("changed");
    expect((await rowsOf(tables.client, "Rooms")).filter(({ roomId }) => roomId === room)).toEqual([]);
  });
});

describe("removing a membership", () => {
  test("returns it", async () => {
    await members.put(room, membership({ holdsLease: true }));
    expect(await members.remove(room, "s#1", "c-1")).toEqual(read({ holdsLease: true }));
    expect(await now()).toBeUndefined();
    expect(await members.remove(room, "s#1", "c-1")).toBeUndefined();
  });

  test("leaves it if another connection has it", async () => {
    await members.put(room, membership());
    expect(await members.remove(room, "s#1", "c-0")).toBeUndefined();
    expect(await now()).toEqual(read());
  });

  test("works on an expired row too", async () => {
    await members.put(room, membership());
    nowMs = lastMs;
    expect(await members.remove(room, "s#1", "c-1")).toBeDefined();
  });
});

describe("evicting a member", () => {
  test.each([
    ["of an older generation removes it", 4, true],
    ["of the same generation leaves it", 3, false],
    ["of a newer generation leaves it", 2, false],
  ])("%s", async (_, generation, evicted) => {
    await members.put(room, membership());
    expect(await members.evict(room, "s#1", generation)).toEqual(evicted ? read() : undefined);
    expect(await now()).toEqual(evicted ? undefined : read());
  });

  test("is done by only one of several callers, so that it is notified once", async () => {
    await members.put(room, membership());
    const evicted = await Promise.all(Array.from({ length: 5 }, () => members.evict(room, "s#1", 4)));
    expect(evicted.filter(Boolean)).toHaveLength(1);
  });
});

const pagesOf = async (of: Members) => {
  const all: Member[] = [];
  for await (const page of of.pages(room)) all.push(...page);
  return all;
};

describe("the pages", () => {
  test("contain the room's members, not the room and not another room's members", async () => {
    const small = tableOf(inPagesOf(2, tables.client), "Rooms");
    await roomsIn(
      small,
      () => nowMs,
      () => "e",
    ).open(room);
    await members.put(`${room}0`, membership());
    const sessions = Array.from({ length: 7 }, (_, i) => `s-${i}`);
    for (const session of sessions) await members.put(room, membership({ session }));
    await members.put(room, membership({ session: "old", connectedAtMs: startMs - 60_000 }));
    nowMs = lastMs - 30_000;
    const got = await pagesOf(membersOf(inPagesOf(2, tables.client)));
    expect(got.map(({ session }) => session).sort()).toEqual(sessions);
  });

  test("have the members in an order that is independent of their sessions", async () => {
    for (let i = 0; i < 20; i += 1) await members.put(room, membership({ session: `s-${i + 10}` }));
    const order = (await pagesOf(members)).map(({ session }) => session);
    expect(order).not.toEqual([...order].sort());
  });
});

describe.each(["a room", "everyone"])("a member's cursor in %s", (where) => {
  const roomId = () => (where === "everyone" ? "@all" : room);
  const session = () => (where === "everyone" ? room : "s#1");
  const get = () => members.get(roomId(), session());
  beforeEach(async () => {
    const caller = { connectionId: room, connectedAtMs: startMs, subject: "ann", tokenExpiresAtMs: 9 };
    await connectionsIn(tableOf(tables.client, "Connections"), () => nowMs).put({
      ...caller,
      transport: "websocket",
      grants: { rooms: [], publish: [] },
    });
    const membership: NewMember = {
      ...{ session: session(), connectionId: room, connectedAtMs: startMs, subject: "ann" },
      ...{ generation: 0, holdsLease: false },
    };
    if (where === "a room") await members.put(room, membership);
    await members.setCursor(roomId(), session(), room, { epoch: "e", seq: 5 });
  });

  test.each<[string, { seq?: number; epoch?: string; connectionId?: string }, number | "refused"]>([
    ["forward", {}, 5],
    ["to the same position", { seq: 5 }, "refused"],
    ["back", { seq: 4 }, "refused"],
    ["in another epoch", { epoch: "f" }, "refused"],
    ["for another connection", { connectionId: "other" }, "refused"],
  ])("is moved by an ack %s: %3$j", async (_, { seq = 7, epoch = "e", connectionId = room }, outcome) => {
    expect(await members.ack(roomId(), session(), connectionId, { epoch, seq })).toBe(outcome);
    expect((await get())?.cursor).toEqual({ epoch: "e", seq: outcome === "refused" ? 5 : 7 });
  });

  test("is not created by an ack", async () => {
    expect(await members.ack(roomId(), "absent", "absent", { epoch: "e", seq: 7 })).toBe("refused");
    expect(await members.get(roomId(), "absent")).toBeUndefined();
  });

  test("is set to any position, by its own connection only", async () => {
    await members.setCursor(roomId(), session(), "other", { epoch: "f", seq: 1 });
    expect((await get())?.cursor).toEqual({ epoch: "e", seq: 5 });
    await members.setCursor(roomId(), session(), room, { epoch: "f", seq: 1 });
    expect((await get())?.cursor).toEqual({ epoch: "f", seq: 1 });
  });

  const tried = { redeliveries: 2, redeliveredAtMs: 9, exhaustedSeq: 3 };
  const note = async (changes: Partial<Member> = {}) => {
    const member = await get();
    if (member) await members.recordRedelivery(roomId(), { ...member, ...tried, ...changes });
  };

  test.each<[string, Partial<Member>, boolean]>([
    ["if the cursor has not moved", {}, true],
    ["if the cursor has moved", { cursor: { epoch: "e", seq: 4 } }, false],
    ["if its epoch has changed", { cursor: { epoch: "f", seq: 5 } }, false],
    ["for another connection", { connectionId: "other" }, false],
  ])("has its redelivery recorded %s: %3$j", async (_, changes, isRecorded) => {
    await note(changes);
    expect(await get()).toMatchObject(isRecorded ? tried : { redeliveries: 0, redeliveredAtMs: 0, exhaustedSeq: 0 });
  });

  test.each([
    ["an ack", () => members.ack(roomId(), session(), room, { epoch: "e", seq: 6 })],
    ["a new start position", () => members.setCursor(roomId(), session(), room, { epoch: "e", seq: 6 })],
  ])("resets its redeliveries with %s", async (_, move) => {
    await note();
    await move();
    expect(await get()).toMatchObject({ redeliveries: 0, redeliveredAtMs: 0, exhaustedSeq: 0 });
  });
});

test.each([
  ["a connection over a poll that was later", { leaseExpiresAtMs: startMs + 90_000 }, {}, "done"],
  ["a poll over an older connection", {}, { leaseExpiresAtMs: startMs + 90_000, connectedAtMs: startMs + 9 }, "done"],
  ["a poll over a newer connection", {}, { leaseExpiresAtMs: startMs + 90_000 }, "superseded"],
  ["an older connection over a newer one", {}, {}, "superseded"],
])("a membership moves to %s: %4$s", async (_, was, by, outcome) => {
  const membership = { session: "s", connectionId: "c", subject: "ann", generation: 0, holdsLease: false };
  await members.put(room, { ...membership, connectedAtMs: startMs + 5, ...was });
  expect(await members.put(room, { ...membership, connectedAtMs: startMs, ...by })).toBe(outcome);
});

test("a membership ends with its lease", async () => {
  const membership = { session: "s", connectionId: "poll:s", connectedAtMs: startMs, subject: "ann", generation: 0 };
  await members.put(room, { ...membership, holdsLease: false, leaseExpiresAtMs: startMs + 90_000 });
  nowMs += 89_999;
  expect(await members.get(room, "s")).toMatchObject({ transport: "polling", leaseExpiresAtMs: startMs + 90_000 });
  nowMs += 1;
  expect(await members.get(room, "s")).toBeUndefined();
});

test("an expired polling membership is returned only with includingExpired, for an hour", async () => {
  const leaseExpiresAtMs = startMs + 90_000;
  await members.put(room, {
    ...membership({ session: "s", connectionId: "poll:s" }),
    leaseExpiresAtMs,
  });
  const seen = async (filter?: MemberFilter) => {
    const sessions: string[] = [];
    for await (const page of members.pages(room, undefined, undefined, filter))
      sessions.push(...page.map((m) => m.session));
    const { members: firstOnes } = await members.first(room, 9, filter);
    expect(firstOnes.map(({ session }) => session)).toEqual(sessions);
    return sessions;
  };
  nowMs = leaseExpiresAtMs - 1;
  expect([await seen(), await seen("includingExpired")]).toEqual([["s"], ["s"]]);
  expect(await members.get(room, "s")).toBeDefined();
  nowMs = leaseExpiresAtMs;
  expect([await seen(), await seen("includingExpired")]).toEqual([[], ["s"]]);
  expect(await members.get(room, "s")).toBeUndefined();
  nowMs += 3_601_000;
  expect(await seen("includingExpired")).toEqual([]);
});
