import { expect, test } from "vitest";
import type { Member, Part } from "../../../../lambdas/domain/model/member.ts";
import { push } from "../../../../lambdas/domain/push/push.ts";
import { userRoom } from "../../../../protocol/ids.ts";
import { busiestSecond, type LargeRoomOptions, openLargeRoom } from "../../../support/large-room.ts";

const broadcastMembers = 100_000;
const userPushes = 200;
/** At this rate the broadcast lasts longer than the personal pushes. */
const postsPerSecond = 4_500;
/** API Gateway's quota for an account and Region: the rate, and the burst beyond it. */
const quota = { perSecond: 10_000, burst: 5_000 };

/** The members of the room "broadcast", generated page by page. */
async function* generatedMembers({ index, of }: Part): AsyncGenerator<Member[]> {
  const count = Math.floor(broadcastMembers / of);
  for (let from = 0; from < count; from += 500) {
    yield Array.from({ length: Math.min(500, count - from) }, (_, i) => {
      const id = `b-${index}-${from + i}`;
      const membership = {
        session: id,
        connectionId: id,
        transport: "websocket" as const,
        subject: id,
        connectedAtMs: 0,
        generation: 0,
        holdsLease: false,
      };
      return {
        ...membership,
        transport: "websocket",
        acks: false,
        hasAcked: false,
        redeliveries: 0,
        redeliveredAtMs: 0,
        exhaustedSeq: 0,
      };
    });
  }
}

/**
 * Makes personal pushes one after the other, with or without a broadcast at the same time.
 *
 * @returns the duration of each in ms, sorted, and the posts of the broadcast in its busiest second, and in the last second
 */
async function pushes(concurrently: "nothing" | "a broadcast", options: Partial<LargeRoomOptions> = {}) {
  const largeRoom = await openLargeRoom({
    members: 1,
    ...options,
    more: (roomId, part = { index: 0, of: 1 }) => (roomId === "broadcast" ? generatedMembers(part) : undefined),
  });
  const { time, deps, faults, harness, ackingPages } = largeRoom;
  const [ackingPage] = [...ackingPages.values()];
  const ann = userRoom("ann");
  const connection = { connectionId: "c-0", session: "c-0", connectedAtMs: time.nowMs };
  await harness.deps.members.put(ann, { ...connection, subject: "ann", generation: 0, holdsLease: false });

  let tokens = quota.burst;
  let atMs = time.nowMs;
  faults.answer = () => {
    tokens = Math.min(quota.burst, tokens + ((time.nowMs - atMs) / 1000) * quota.perSecond) - 1;
    atMs = time.nowMs;
    if (tokens >= 0) return undefined;
    tokens += 1;
    return "slow";
  };
  if (concurrently === "a broadcast") {
    await push(deps, { rooms: ["broadcast"], eventName: "test", rawData: "1", qos: 0 });
  }
  const durationsMs: number[] = [];
  const startMs = time.nowMs;
  for (let i = 0; i < userPushes; i += 1) {
    await time.runUntil(startMs + 100 * i);
    const pushedAtMs = time.nowMs;
    const before = ackingPage?.page.inbox.length ?? 0;
    void push(deps, { rooms: [ann], eventName: "test", rawData: "1", qos: 1 });
    for (let ms = 0; ackingPage?.page.inbox.length === before && ms < 20_000; ms += 5)
      await time.runUntil(time.nowMs + 5);
    durationsMs.push(time.nowMs - pushedAtMs);
  }
  const broadcast = largeRoom.posts.filter(({ connectionId }) => connectionId.startsWith("b-"));
  const inLastSecond = broadcast.filter(({ atMs }) => atMs > time.nowMs - 1_000).length;
  await largeRoom.close();
  return { durationsMs: durationsMs.sort((a, b) => a - b), busiest: busiestSecond(broadcast), inLastSecond };
}
const quantile = (sorted: readonly number[], q: number) => sorted[Math.floor((sorted.length - 1) * q)] ?? Number.NaN;

test("a personal push is as fast during a broadcast to 100,000 members as without it", async () => {
  const { durationsMs: alone } = await pushes("nothing");
  const { durationsMs: during, busiest, inLastSecond } = await pushes("a broadcast", { postsPerSecond });
  expect(quantile(during, 0.5)).toBeLessThanOrEqual(quantile(alone, 0.5) * 1.1);
  expect(quantile(during, 0.99)).toBeLessThanOrEqual(quantile(alone, 0.99) * 1.1);
  expect(busiest).toBeLessThanOrEqual(postsPerSecond * 1.1);
  // The broadcast ackCheckDurationsMs as long as the personal pushes.
  expect(inLastSecond).toBeGreaterThan(postsPerSecond * 0.8);
}, 120_000);

test("without the rate limit of broadcasts, personal pushes would be slower", async () => {
  const { durationsMs: alone } = await pushes("nothing");
  const { durationsMs: during } = await pushes("a broadcast", { postsPerSecond: 40_000, workers: 40 });
  expect(quantile(during, 0.99)).toBeGreaterThan(quantile(alone, 0.99) * 2);
}, 120_000);
