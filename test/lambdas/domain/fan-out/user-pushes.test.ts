import { expect, test } from "vitest";
import type { Member, Part } from "../../../../lambdas/domain/model/member.ts";
import { push } from "../../../../lambdas/domain/push/push.ts";
import { userRoom } from "../../../../protocol/ids.ts";
import { busiestSecond, type LargeRoomOptions, openLargeRoom } from "../../../support/large-room.ts";

const broadcastMembers = 100_000;
const personalPushes = 200;
/** So that the broadcast lasts longer than they do. */
const postsPerSecond = 4_500;
/** API Gateway's for an account and Region: a rate, and what may come at once beyond it. */
const quota = { perSecond: 10_000, burst: 5_000 };

/** Members of "broadcast", made up page by page. */
async function* madeUp({ index, of }: Part): AsyncGenerator<Member[]> {
  const mine = Math.floor(broadcastMembers / of);
  for (let from = 0; from < mine; from += 500) {
    yield Array.from({ length: Math.min(500, mine - from) }, (_, i) => {
      const id = `b-${index}-${from + i}`;
      const place = { session: id, connectionId: id, subject: id, connectedAtMs: 0, generation: 0, holdsLease: false };
      return {
        ...place,
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
 * Personal pushes one after the other, with or without a broadcast beside them.
 *
 * @returns how long each took, in ms, and the broadcast's posts: in the busiest second, and in the last one of these pushes
 */
async function pushes(beside: "nothing" | "a broadcast", options: Partial<LargeRoomOptions> = {}) {
  const crowd = await openLargeRoom({
    members: 1,
    ...options,
    more: (roomId, part = { index: 0, of: 1 }) => (roomId === "broadcast" ? madeUp(part) : undefined),
  });
  const { time, deps, faults, harness, ackingPages } = crowd;
  const [reader] = [...ackingPages.values()];
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
  if (beside === "a broadcast") {
    await push(deps, { rooms: ["broadcast"], eventName: "test", rawData: "1", qos: 0 });
  }
  const took: number[] = [];
  const startMs = time.nowMs;
  for (let i = 0; i < personalPushes; i += 1) {
    await time.runUntil(startMs + 100 * i);
    const pushedAtMs = time.nowMs;
    const before = reader?.page.inbox.length ?? 0;
    void push(deps, { rooms: [ann], eventName: "test", rawData: "1", qos: 1 });
    for (let ms = 0; reader?.page.inbox.length === before && ms < 20_000; ms += 5) await time.runUntil(time.nowMs + 5);
    took.push(time.nowMs - pushedAtMs);
  }
  const broadcast = crowd.posts.filter(({ connectionId }) => connectionId.startsWith("b-"));
  const inLastSecond = broadcast.filter(({ atMs }) => atMs > time.nowMs - 1_000).length;
  await crowd.close();
  return { took: took.sort((a, b) => a - b), busiest: busiestSecond(broadcast), inLastSecond };
}
const quantile = (sorted: readonly number[], q: number) => sorted[Math.floor((sorted.length - 1) * q)] ?? Number.NaN;

test("a personal push is as quick beside a broadcast to 100,000 as without it", async () => {
  const { took: alone } = await pushes("nothing");
  const { took: beside, busiest, inLastSecond } = await pushes("a broadcast", { postsPerSecond });
  expect(quantile(beside, 0.5)).toBeLessThanOrEqual(quantile(alone, 0.5) * 1.1);
  expect(quantile(beside, 0.99)).toBeLessThanOrEqual(quantile(alone, 0.99) * 1.1);
  expect(busiest).toBeLessThanOrEqual(postsPerSecond * 1.1);
  // The broadcast lasted as long as what was measured beside it.
  expect(inLastSecond).toBeGreaterThan(postsPerSecond * 0.8);
}, 120_000);

test("it would not be, were the broadcast not held to its share of the quota", async () => {
  const { took: alone } = await pushes("nothing");
  const { took: beside } = await pushes("a broadcast", { postsPerSecond: 40_000, workers: 40 });
  expect(quantile(beside, 0.99)).toBeGreaterThan(quantile(alone, 0.99) * 2);
}, 120_000);
