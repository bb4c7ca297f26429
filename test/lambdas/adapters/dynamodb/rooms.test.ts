import { beforeAll, beforeEach, describe, expect, test } from "vitest";
import { roomsIn } from "../../../../lambdas/adapters/dynamodb/rooms.ts";
import { tableOf } from "../../../../lambdas/adapters/dynamodb/table.ts";
import type { Lease, Rooms } from "../../../../lambdas/domain/model/room.ts";
import { sharedTables } from "../../../support/shared-tables.ts";
import { openTables, rowsOf } from "../../../support/tables.ts";

const tables = sharedTables(openTables);
let rooms: Rooms;
let epochs = 0;
let nowMs = 1_700_000_000_000;
beforeAll(() => {
  const newEpoch = () => {
    epochs += 1;
    return `e-${epochs}`;
  };
  rooms = roomsIn(tableOf(tables.client, "Rooms"), () => nowMs, newEpoch);
});

let count = 0;
let room = "";
beforeEach(() => {
  count += 1;
  room = `room-${count}`;
});

const fresh = (epoch: string) => ({
  ...{ roomId: room, epoch, seq: 0, generation: 0, loginCount: 0 },
  ...{ openedAtMs: 0, lastAtMs: 0, ackCheckAtMs: 0 },
});
const lease = (connectionId: string, expiresAtMs = 5): Lease => ({ connectionId, transport: "websocket", expiresAtMs });
const rowOf = async (roomId: string) => (await rowsOf(tables.client, "Rooms")).find((row) => row.roomId === roomId);

describe("a room", () => {
  test("begins with its first use, at zero, and keeps its epoch", async () => {
    const first = await rooms.open(room);
    expect(first).toEqual({ ...fresh(first.epoch), openedAtMs: nowMs });
    expect(first.epoch).toMatch(/^e-/);
    expect(await rooms.open(room)).toEqual(first);
    expect(await rooms.nextSeq(room)).toMatchObject({ epoch: first.epoch });
  });

  test("lives for thirty days after it was used last", async () => {
    await rooms.open(room);
    nowMs += 86_400_000;
    await rooms.nextSeq(room);
    expect((await rowOf(room))?.expiresAt).toBe(nowMs / 1000 + 30 * 86_400);
  });

  test("that nobody used has nothing to tell, and is not made by asking", async () => {
    expect(await rooms.get(room)).toBeUndefined();
    expect(await rowOf(room)).toBeUndefined();
  });
});

describe("a room that is to be there", () => {
  test("is made where there is none, and again where its counters were lost", async () => {
    const first = await rooms.find(room);
    expect(first).toEqual({ ...fresh(first.epoch), openedAtMs: nowMs });
    expect(await rooms.find(room)).toEqual(first);
  });

  // Half of what a look at a room writes, when the room itself is gone.
  test("is made where nothing but the note of a look is left of it", async () => {
    await rooms.recordAckCheck(room, 5);
    expect((await rooms.find(room)).epoch).toMatch(/^e-/);
  });

  test("is not written by those who come within a day; who comes later gives it thirty days more", async () => {
    await rooms.open(room);
    const written = (await rowOf(room))?.expiresAt as number;
    nowMs += 86_400_000;
    await rooms.find(room);
    expect((await rowOf(room))?.expiresAt).toBe(written);
    nowMs += 1_000;
    await rooms.find(room);
    expect((await rowOf(room))?.expiresAt).toBe(written + 86_401);
  });
});

describe("seq", () => {
  test("goes up by one each time, without duplicates under contention", async () => {
    const taken = await Promise.all(Array.from({ length: 20 }, () => rooms.nextSeq(room)));
    expect(taken.map(({ seq }) => seq).sort((a, b) => a - b)).toEqual(Array.from({ length: 20 }, (_, i) => i + 1));
    expect(new Set(taken.map(({ epoch }) => epoch)).size).toBe(1);
    expect(await rooms.get(room)).toMatchObject({ generation: 0, seq: 20 });
  });
});

describe("entries", () => {
  test("are counted, each with the room as it is with that entry", async () => {
    const counted = await Promise.all([rooms.countLogin(room), rooms.countLogin(room)]);
    expect(counted.map(({ loginCount }) => loginCount).sort()).toEqual([1, 2]);
  });
});

describe("a claim", () => {
  test("of an untouched room makes the holder and sets the generation", async () => {
    const seen = await rooms.open(room);
    const acquired = { ...seen, lease: lease("a") };
    expect(await rooms.acquire(seen, lease("a"), 0)).toEqual(acquired);
    expect(await rooms.open(room)).toEqual(acquired);
  });

  test("of a room that was never opened makes it", async () => {
    const never = fresh("");
    expect(await rooms.acquire(never, lease("a"), 0)).toMatchObject({ lease: lease("a") });
    expect(await rooms.open(room)).toMatchObject({ epoch: expect.stringMatching(/^e-/), lease: lease("a") });
  });

  test("may take over from the holder it has seen, in a new generation", async () => {
    await rooms.acquire(await rooms.open(room), lease("a"), 0);
    expect(await rooms.acquire(await rooms.open(room), lease("b"), 1)).toMatchObject({ generation: 1 });
    expect(await rooms.open(room)).toMatchObject({ generation: 1, lease: lease("b") });
  });

  test.each<[string, (rooms: Rooms, room: string) => Promise<unknown>]>([
    ["somebody became holder", async (rooms, room) => rooms.acquire(await rooms.open(room), lease("b"), 0)],
    ["somebody took over", (rooms, room) => rooms.takeOver(room, lease("b"))],
    ["somebody came in", (rooms, room) => rooms.countLogin(room)],
  ])("of an untouched room fails when %s since", async (_, meanwhile) => {
    const seen = await rooms.open(room);
    await meanwhile(rooms, room);
    const before = await rowOf(room);
    expect(await rooms.acquire(seen, lease("a"), 0)).toBe("changed");
    expect(await rowOf(room)).toEqual(before);
  });

  test.each<[string, (rooms: Rooms, room: string) => Promise<unknown>]>([
    ["the holder moved to another connection", (rooms, room) => rooms.moveLease(room, "b", lease("b2"))],
    ["the holder left", (rooms, room) => rooms.release(room, "b")],
    [
      "the same connection claimed anew",
      async (rooms, room) => rooms.acquire(await rooms.open(room), lease("b", 6), 1),
    ],
    ["somebody came in", (rooms, room) => rooms.countLogin(room)],
    ["a generation began and its holder looks the same", (rooms, room) => rooms.takeOver(room, lease("b"))],
  ])("of a room in use fails when %s since", async (_, meanwhile) => {
    await rooms.takeOver(room, lease("b"));
    await rooms.countLogin(room);
    const seen = await rooms.open(room);
    await meanwhile(rooms, room);
    const before = await rowOf(room);
    expect(await rooms.acquire(seen, lease("a"), 2)).toBe("changed");
    expect(await rowOf(room)).toEqual(before);
  });

  test("of many at once is one's", async () => {
    const seen = await rooms.open(room);
    const claims = await Promise.all(Array.from({ length: 8 }, (_, i) => rooms.acquire(seen, lease(`c-${i}`), 0)));
    expect(claims.filter((acquire) => acquire !== "changed")).toHaveLength(1);
  });
});

describe("a take-over", () => {
  test("begins a generation, and tells the holder of before", async () => {
    expect(await rooms.takeOver(room, lease("a"))).toEqual({
      ...fresh(expect.stringMatching(/^e-/)),
      ...{ generation: 1, openedAtMs: nowMs },
    });
    await rooms.nextSeq(room);
    const { epoch } = await rooms.open(room);
    expect(await rooms.takeOver(room, lease("b"))).toEqual({
      ...{ ...fresh(epoch), seq: 1, generation: 2, openedAtMs: nowMs, lastAtMs: nowMs, lease: lease("a") },
    });
    expect(await rooms.open(room)).toMatchObject({ epoch, generation: 2, lease: lease("b") });
  });

  test("of a new room tells the epoch that was written", async () => {
    const { epoch } = await rooms.takeOver(room, lease("a"));
    expect((await rooms.open(room)).epoch).toBe(epoch);
  });

  test("of many at once has a generation each", async () => {
    const taken = await Promise.all(Array.from({ length: 8 }, (_, i) => rooms.takeOver(room, lease(`c-${i}`))));
    expect(taken.map(({ generation }) => generation).sort()).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
  });
});

describe("the holder", () => {
  beforeEach(() => rooms.takeOver(room, lease("a")));

  test("moves to another connection, and nobody else's does", async () => {
    await rooms.moveLease(room, "stranger", lease("b"));
    expect(await rooms.open(room)).toMatchObject({ lease: lease("a") });
    await rooms.moveLease(room, "a", lease("b"));
    expect(await rooms.open(room)).toMatchObject({ lease: lease("b") });
  });

  test("moves to a session that polls, and says so", async () => {
    await rooms.moveLease(room, "a", { connectionId: "poll:s", transport: "polling" });
    expect(await rooms.open(room)).toMatchObject({ lease: { connectionId: "poll:s", transport: "polling" } });
  });

  test("is released by itself only", async () => {
    await rooms.release(room, "stranger");
    expect(await rooms.open(room)).toMatchObject({ lease: lease("a") });
    await rooms.release(room, "a");
    expect(await rooms.open(room)).not.toHaveProperty("lease");
  });

  test("of a room without one can be neither moved nor released, and none is made", async () => {
    const empty = `${room}-empty`;
    await rooms.moveLease(empty, "a", lease("b"));
    await rooms.release(empty, "a");
    expect(await rowOf(empty)).toBeUndefined();
  });
});

test("a noted look is told with the next number of the room", async () => {
  await rooms.open(room);
  await rooms.recordAckCheck(room, 77);
  expect(await rooms.nextSeq(room)).toMatchObject({ seq: 1, ackCheckAtMs: 77, lastAtMs: nowMs });
});
