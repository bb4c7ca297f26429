import { afterAll, describe, expect, test } from "vitest";
import { everyone } from "../../../../protocol/ids.ts";
import { busiestSecond, type LargeRoom, openLargeRoom } from "../../../support/large-room.ts";

// Pages of our own client in one room, all of which ack. A partition key takes 1,000 writes and 3,000 reads a second, and
// what is written about a room's members is all under one. Time is virtual.

const mostAcks = 800;
/** Half as many are sent to again, and noted. */
const maxRedeliveries = 400;
/** Of the pushes themselves and of looks. */
const ownWrites = 20;

const busiest = ({ uses }: LargeRoom, of: string, kind: "read" | "write") =>
  busiestSecond(uses.filter(({ key, kind: each }) => key === of && each === kind));
const hearsWrong = ({ clientPages }: LargeRoom, roomId: string, expected: readonly unknown[]) =>
  [...clientPages].filter(
    ([, { received }]) => JSON.stringify(received.get(roomId) ?? []) !== JSON.stringify(expected),
  );
async function cursorsOf({ harness }: LargeRoom, roomId: string): Promise<Set<number | undefined>> {
  const seqs = new Set<number | undefined>();
  for await (const page of harness.deps.members.pages(roomId)) for (const { cursor } of page) seqs.add(cursor?.seq);
  return seqs;
}

const crowds: LargeRoom[] = [];
afterAll(() => Promise.all(crowds.map(({ close }) => close())));
async function openRoomOf(members: number): Promise<LargeRoom & { startMs: number }> {
  const crowd = await openLargeRoom({ members, postsPerSecond: 3_500, workers: 4, clients: true });
  crowds.push(crowd);
  await crowd.time.runUntil(crowd.time.nowMs + 60_000);
  // Logging in is not what is counted.
  crowd.uses.length = 0;
  return Object.assign(crowd, { startMs: crowd.time.nowMs });
}

test("10,000 members ack a message of their room at no more than 800 a second, and one for everyone at once", async () => {
  const crowd = await openRoomOf(10_000);
  const { time, startMs, room } = crowd;
  const pushes = [crowd.push("1")];
  await time.runUntil(startMs + 3_000);
  // Were acks of the room to go with these, they would come at the pace of posts.
  pushes.push(crowd.push('"all"', { rooms: [everyone] }));
  await time.runUntil(startMs + 60_000);
  await Promise.all(pushes);

  expect(busiest(crowd, room, "write")).toBeLessThanOrEqual(mostAcks + ownWrites);
  expect(busiest(crowd, everyone, "write")).toBeLessThanOrEqual(ownWrites);
  // Once in a second for each of 70 functions, and for the fan-out.
  expect(busiest(crowd, everyone, "read")).toBeLessThanOrEqual(300);
  expect(hearsWrong(crowd, room, [1])).toEqual([]);
  expect(hearsWrong(crowd, everyone, ["all"])).toEqual([]);
  expect([await cursorsOf(crowd, room), await cursorsOf(crowd, everyone)]).toEqual([new Set([1]), new Set([1])]);
  // Nobody was sent it again: looks wait for as long as the members may take.
  expect(crowd.posts).toHaveLength(2 * 10_000);
}, 600_000);

describe("2,000 members", () => {
  test("ack a stream of messages at no more than 800 a second, and hear each once and in order", async () => {
    const crowd = await openRoomOf(2_000);
    const { time, startMs, room } = crowd;
    const pushes: Promise<unknown>[] = [];
    for (const [i, atMs] of [0, 700, 1_500, 3_500, 7_900].entries()) {
      await time.runUntil(startMs + atMs);
      pushes.push(crowd.push(`${i}`));
    }
    await time.runUntil(startMs + 40_000);
    await Promise.all(pushes);
    expect(busiest(crowd, room, "write")).toBeLessThanOrEqual(mostAcks + ownWrites);
    expect(hearsWrong(crowd, room, [0, 1, 2, 3, 4])).toEqual([]);
    expect(await cursorsOf(crowd, room)).toEqual(new Set([5]));
    expect(crowd.posts.length).toBeLessThanOrEqual(5 * 2_000);
  }, 300_000);

  test("whose acks fail for ten seconds do not all come again at once, nor ask for their places", async () => {
    const crowd = await openRoomOf(2_000);
    const { time, startMs, room } = crowd;
    crowd.faults.failsAck = () => time.nowMs < startMs + 10_000;
    const pushed = crowd.push("1");
    await time.runUntil(startMs + 200_000);
    await pushed;
    expect(busiest(crowd, room, "write")).toBeLessThanOrEqual(mostAcks + maxRedeliveries + ownWrites);
    expect(hearsWrong(crowd, room, [1])).toEqual([]);
    expect(await cursorsOf(crowd, room)).toEqual(new Set([1]));
    expect([...crowd.clientPages.values()].filter(({ hellos }) => hellos.length > 1)).toEqual([]);
  }, 300_000);
});
