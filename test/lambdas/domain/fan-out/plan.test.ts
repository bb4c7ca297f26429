import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { fanOutMs, partsFor, taskBudgetMs } from "../../../../lambdas/domain/fan-out/plan.ts";
import { partsOf } from "../../../../lambdas/domain/model/member.ts";
import { estimate } from "../../../../lambdas/domain/model/room-size.ts";
import { maxHops } from "../../../../lambdas/domain/schedule/max-hops.ts";

const usual = { postsPerSecond: 5_000, workers: 5 };
/** A room of that size, whose first page has 251 members. */
const roomOf = (members: number) => ({ seen: 251, share: 251 / members });

describe("the parts of a room", () => {
  test.each([
    ["of 251 members: two", 251, 2],
    ["of 1,000 members: each part is worth a task", 1_000, 4],
    ["of 2,500 members: one per worker", 2_500, 5],
    ["of 5,000 members: one per worker", 5_000, 5],
    ["of 100,000 members: still one per worker", 100_000, 5],
    ["of 1,000,000 members: more, so that a worker can complete its part", 1_000_000, 6],
  ])("%s", (_, members, parts) => {
    expect(partsFor(roomOf(members), usual)).toBe(parts);
  });

  test("of unknown size: enough for millions", () => {
    const parts = partsFor({ seen: 251 }, usual);
    const secondsOfMillions = 3_000_000 / parts / (usual.postsPerSecond / usual.workers);
    expect(secondsOfMillions * 1000).toBeLessThanOrEqual(maxHops * taskBudgetMs);
  });

  test.each([
    [4, 40],
    [5, 40],
    [11, 44],
    [17, 68],
    [100, 400],
  ])("of unknown size, with %i workers: %i, the same number for each", (workers, parts) => {
    expect(partsFor({ seen: 251 }, { postsPerSecond: 1_000 * workers, workers })).toBe(parts);
  });

  test("whose first page has only stale members: one", () => {
    expect(partsFor({ seen: 0, share: 0.3 }, usual)).toBe(1);
  });
});

const limits = fc.record({
  postsPerSecond: fc.integer({ min: 1, max: 200_000 }),
  workers: fc.integer({ min: 2, max: 1_000 }),
});

test("no part takes its worker more than 8 of the 14 hops, for any room and rate", () => {
  fc.assert(
    fc.property(limits, fc.nat(251), fc.double({ min: 1e-5, max: 1, noNaN: true }), (limits, seen, share) => {
      const roomSize = { seen, share };
      const parts = partsFor(roomSize, limits);
      expect(parts).toBeGreaterThanOrEqual(1);
      expect(Number.isInteger(parts)).toBe(true);
      const membersPerPart = (estimate(roomSize) ?? 0) / parts;
      const takesMs = (membersPerPart / (limits.postsPerSecond / limits.workers)) * 1000;
      expect(takesMs).toBeLessThanOrEqual(8 * taskBudgetMs * 1.000001);
    }),
  );
});

test("there are no more parts than workers, unless a worker could not complete its part", () => {
  fc.assert(
    fc.property(limits, fc.integer({ min: 251, max: 10_000_000 }), (limits, members) => {
      const parts = partsFor(roomOf(members), limits);
      const secondsPerWorker = members / limits.workers / (limits.postsPerSecond / limits.workers);
      if (secondsPerWorker * 1000 <= 8 * taskBudgetMs) expect(parts).toBeLessThanOrEqual(limits.workers + 1);
    }),
  );
});

test("everyone has at least 40 parts, at least 4 per worker, and the same number for each worker", () => {
  fc.assert(
    fc.property(limits, (limits) => {
      const parts = partsFor({ seen: 251 }, limits);
      expect(parts).toBeGreaterThanOrEqual(40);
      expect(parts % limits.workers).toBe(0);
      expect(parts / limits.workers).toBeGreaterThanOrEqual(4);
      expect(parts).toBeLessThan(Math.max(40 + limits.workers, 4 * limits.workers + 1));
    }),
  );
});

test("partsOf returns each part once", () => {
  expect(partsOf(3)).toEqual([
    { index: 0, of: 3 },
    { index: 1, of: 3 },
    { index: 2, of: 3 },
  ]);
});

test("the posts to a room take as long as the rate of all workers allows", () => {
  expect(fanOutMs(roomOf(5_000), usual)).toBe(1_000);
  expect(fanOutMs({ seen: 251 }, usual)).toBe(0);
});
