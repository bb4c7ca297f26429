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
  test("starts with its first use, at zero, and keeps its epoch", async () => {
    const first = await rooms.open(room);
    expect(first).toEqual({ ...fresh(first.epoch), openedAtMs: nowMs });
    expect(first.epoch).toMatch(/^e-/);
    expect(await rooms.open(room)).toEqual(first);
    expect(await rooms.nextSeq(room)).toMatchObject({ epoch: first.epoch });
  });

  test("expires thirty days after its last use", async () => {
    await rooms.open(room);
    nowMs += 86_400_000;
    await rooms.nextSeq(room);
    expect((await rowOf(room))?.expiresAt).toBe(nowMs / 1000 + 30 * 86_400);
  });

  test("that was never used is absent, and a read does not create it", async () => {
    expect(await rooms.get(room)).toBeUndefined();
    expect(await rowOf(room)).toBeUndefined();
  });
});

describe("a room that should exist", () => {
  test("is created, and again after its counters were lost", async () => {
    const first = await rooms.find(room);
    expect(first).toEqual({ ...fresh(first.epoch), openedAtMs: nowMs });
    expect(await rooms.find(room)).toEqual(first);
  });

  // An ack check may write only its own attribute to a room that is gone.
  test("is created if only the time of an ack check is left of it", async () => {
    await rooms.recordAckCheck(room, 5);
    expect((await rooms.find(room)).epoch).toMatch(/^e-/);
  });

  test("is not written by uses within a day; a later use extends it by thirty days", async () => {
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
  test("increases by one each time, without duplicates under contention", async () => {
    const taken = await Promise.all(Array.from({ length: 20 }, () => rooms.nextSeq(room)));
    expect(taken.map(({ seq }) => seq).sort((a, b) => a - b)).toEqual(Array.from({ length: 20 }, (_, i) => i + 1));
    expect(new Set(taken.map(({ epoch }) => epoch)).size).toBe(1);
    expect(await rooms.get(room)).toMatchObject({ generation: 0, seq: 20 });
  });
});

describe("the login count", () => {
  test("increases with each login, and is returned with the room", async () => {
    const counted = await Promise.all([rooms.countLogin(room), rooms.countLogin(room)]);
    expect(counted.map(({ loginCount }) => loginCount).sort()).toEqual([1, 2]);
  });
});

describe("acquiring the lease", () => {
  test("of an unused room sets the leaseholder and the generation", async () => {
    const seen = await rooms.open(room);
    const acquired = { ...seen, lease: lease("a") };
    expect(await rooms.acquire(seen, lease("a"), 0)).toEqual(acquired);
    expect(await rooms.open(room)).toEqual(acquired);
  });

  test("of a room that was never opened creates it", async () => {
    const never = fresh("");
    expect(await rooms.acquire(never, lease("a"), 0)).toMatchObject({ lease: lease("a") });
    expect(await rooms.open(room)).toMatchObject({ epoch: expect.stringMatching(/^e-/), lease: lease("a") });
  });

  test("may replace the leaseholder that was read, with a new generation", async () => {
    await rooms.acquire(await rooms.open(room), lease("a"), 0);
    expect(await rooms.acquire(await rooms.open(room), lease("b"), 1)).toMatchObject({ generation: 1 });
    expect(await rooms.open(room)).toMatchObject({ generation: 1, lease: lease("b") });
  });

  test.each<[string, (rooms: Rooms, room: string) => Promise<unknown>]>([
    ["another connection acquired it", async (rooms, room) => rooms.acquire(await rooms.open(room), lease("b"), 0)],
    ["another connection took over", (rooms, room) => rooms.takeOver(room, lease("b"))],
    ["a session joined", (rooms, room) => rooms.countLogin(room)],
  ])("of an unused room fails if %s meanwhile", async (_, meanwhile) => {
    const seen = await rooms.open(room);
    await meanwhile(rooms, room);
    const before = await rowOf(room);
    expect(await rooms.acquire(seen, lease("a"), 0)).toBe("changed");
    expect(await rowOf(room)).toEqual(before);
  });

  test.each<[string, (rooms: Rooms, room: string) => Promise<unknown>]>([
    ["the lease moved to another connection", (rooms, room) => rooms.moveLease(room, "b", lease("b2"))],
    ["the lease was released", (rooms, room) => rooms.release(room, "b")],
    [
      "the same connection acquired it again",
      async (rooms, room) => rooms.acquire(await rooms.open(room), lease("b", 6), 1),
    ],
    ["a session joined", (rooms, room) => rooms.countLogin(room)],
    ["a take-over wrote the same lease with a new generation", (rooms, room) => rooms.takeOver(room, lease("b"))],
  ])("of a room in use fails if %s meanwhile", async (_, meanwhile) => {
    await rooms.takeOver(room, lease("b"));
    await rooms.countLogin(room);
    const seen = await rooms.open(room);
    await meanwhile(rooms, room);
    const before = await rowOf(room);
    expect(await rooms.acquire(seen, lease("a"), 2)).toBe("changed");
    expect(await rowOf(room)).toEqual(before);
  });

  test("succeeds for one of many concurrent attempts", async () => {
    const seen = await rooms.open(room);
    const attempts = await Promise.all(Array.from({ length: 8 }, (_, i) => rooms.acquire(seen, lease(`c-${i}`), 0)));
    expect(attempts.filter((acquire) => acquire !== "changed")).toHaveLength(1);
  });
});

describe("a take-over", () => {
  test("starts a generation, and returns the previous lease", async () => {
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

  test("of a new room returns the epoch that was written", async () => {
    const { epoch } = await rooms.takeOver(room, lease("a"));
    expect((await rooms.open(room)).epoch).toBe(epoch);
  });

  test("has its own generation for each of many concurrent ones", async () => {
    const taken = await Promise.all(Array.from({ length: 8 }, (_, i) => rooms.takeOver(room, lease(`c-${i}`))));
    expect(taken.map(({ generation }) => generation).sort()).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
  });
});

describe("the lease", () => {
  beforeEach(() => rooms.takeOver(room, lease("a")));

  test("moves to another connection only from the leaseholder", async () => {
    await rooms.moveLease(room, "stranger", lease("b"));
    expect(await rooms.open(room)).toMatchObject({ lease: lease("a") });
    await rooms.moveLease(room, "a", lease("b"));
    expect(await rooms.open(room)).toMatchObject({ lease: lease("b") });
  });

  test("moves to a polling session with its transport", async () => {
    await rooms.moveLease(room, "a", { connectionId: "poll:s", transport: "polling" });
    expect(await rooms.open(room)).toMatchObject({ lease: { connectionId: "poll:s", transport: "polling" } });
  });

  test("is released only by the leaseholder", async () => {
    await rooms.release(room, "stranger");
    expect(await rooms.open(room)).toMatchObject({ lease: lease("a") });
    await rooms.release(room, "a");
    expect(await rooms.open(room)).not.toHaveProperty("lease");
  });

  test("of a room without one can be neither moved nor released, and no row is created", async () => {
    const empty = `${room}-empty`;
    await rooms.moveLease(empty, "a", lease("b"));
    await rooms.release(empty, "a");
    expect(await rowOf(empty)).toBeUndefined();
  });
});

test("the time of an ack check is returned with the next number", async () => {
  await rooms.open(room);
  await rooms.recordAckCheck(room, 77);
  expect(await rooms.nextSeq(room)).toMatchObject({ seq: 1, ackCheckAtMs: 77, lastAtMs: nowMs });
});
