import { afterAll, describe, expect, test } from "vitest";
import { everyone } from "../../../../protocol/ids.ts";
import { busiestSecond, type LargeRoom, openLargeRoom } from "../../../support/large-room.ts";

// Pages with the SDK in one room, which all acknowledge. A partition key takes 1,000 writes and 3,000 reads a second, and
// all rows of a room's members are under one. Time is virtual.

const maxAcks = 800;
/** Each redelivery is recorded by a write. */
const maxRedeliveries = 400;
/** Of pushes and ack checks. */
const otherWrites = 20;

const busiest = ({ uses }: LargeRoom, of: string, kind: "read" | "write") =>
  busiestSecond(uses.filter(({ key, kind: each }) => key === of && each === kind));
const pagesWithout = ({ clientPages }: LargeRoom, roomId: string, expected: readonly unknown[]) =>
  [...clientPages].filter(
    ([, { received }]) => JSON.stringify(received.get(roomId) ?? []) !== JSON.stringify(expected),
  );
async function cursorsOf({ harness }: LargeRoom, roomId: string): Promise<Set<number | undefined>> {
  const seqs = new Set<number | undefined>();
  for await (const page of harness.deps.members.pages(roomId)) for (const { cursor } of page) seqs.add(cursor?.seq);
  return seqs;
}

const opened: LargeRoom[] = [];
afterAll(() => Promise.all(opened.map(({ close }) => close())));
async function openRoomOf(members: number): Promise<LargeRoom & { startMs: number }> {
  const largeRoom = await openLargeRoom({ members, postsPerSecond: 3_500, workers: 4, clients: true });
  opened.push(largeRoom);
  await largeRoom.time.runUntil(largeRoom.time.nowMs + 60_000);
  // The logins do not count.
  largeRoom.uses.length = 0;
  return Object.assign(largeRoom, { startMs: largeRoom.time.nowMs });
}

test("10,000 members spread their acks of a room over time, at most 800 a second, but not those of everyone", async () => {
  const largeRoom = await openRoomOf(10_000);
  const { time, startMs, room } = largeRoom;
  const pushes = [largeRoom.push("1")];
  await time.runUntil(startMs + 3_000);
  // If these acks included those of the room, they would arrive at the rate of posts.
  pushes.push(largeRoom.push('"all"', { rooms: [everyone] }));
  await time.runUntil(startMs + 60_000);
  await Promise.all(pushes);

  expect(busiest(largeRoom, room, "write")).toBeLessThanOrEqual(maxAcks + otherWrites);
  expect(busiest(largeRoom, everyone, "write")).toBeLessThanOrEqual(otherWrites);
  // Once a second for each of 70 execution environments, and for the fan-out.
  expect(busiest(largeRoom, everyone, "read")).toBeLessThanOrEqual(300);
  expect(pagesWithout(largeRoom, room, [1])).toEqual([]);
  expect(pagesWithout(largeRoom, everyone, ["all"])).toEqual([]);
  expect([await cursorsOf(largeRoom, room), await cursorsOf(largeRoom, everyone)]).toEqual([
    new Set([1]),
    new Set([1]),
  ]);
  // Nothing was redelivered: ack checks wait for `ackWithinMs`.
  expect(largeRoom.posts).toHaveLength(2 * 10_000);
}, 600_000);

describe("2,000 members", () => {
  test("acknowledge a stream of messages at no more than 800 a second, and show each once and in order", async () => {
    const largeRoom = await openRoomOf(2_000);
    const { time, startMs, room } = largeRoom;
    const pushes: Promise<unknown>[] = [];
    for (const [i, atMs] of [0, 700, 1_500, 3_500, 7_900].entries()) {
      await time.runUntil(startMs + atMs);
      pushes.push(largeRoom.push(`${i}`));
    }
    await time.runUntil(startMs + 40_000);
    await Promise.all(pushes);
    expect(busiest(largeRoom, room, "write")).toBeLessThanOrEqual(maxAcks + otherWrites);
    expect(pagesWithout(largeRoom, room, [0, 1, 2, 3, 4])).toEqual([]);
    expect(await cursorsOf(largeRoom, room)).toEqual(new Set([5]));
    expect(largeRoom.posts.length).toBeLessThanOrEqual(5 * 2_000);
  }, 300_000);

  test("whose acks fail for ten seconds spread the repeated acks, and do not resume", async () => {
    const largeRoom = await openRoomOf(2_000);
    const { time, startMs, room } = largeRoom;
    largeRoom.faults.failsAck = () => time.nowMs < startMs + 10_000;
    const pushed = largeRoom.push("1");
    await time.runUntil(startMs + 200_000);
    await pushed;
    expect(busiest(largeRoom, room, "write")).toBeLessThanOrEqual(maxAcks + maxRedeliveries + otherWrites);
    expect(pagesWithout(largeRoom, room, [1])).toEqual([]);
    expect(await cursorsOf(largeRoom, room)).toEqual(new Set([1]));
    expect([...largeRoom.clientPages.values()].filter(({ hellos }) => hellos.length > 1)).toEqual([]);
  }, 300_000);
});
