import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { fanOutMs, partsFor, taskBudgetMs } from "../../../../lambdas/domain/fan-out/plan.ts";
import { partsOf } from "../../../../lambdas/domain/model/member.ts";
import { ackWithinMs, estimate } from "../../../../lambdas/domain/model/room-size.ts";
import { checksFor } from "../../../../lambdas/domain/redelivery/plan.ts";
import { maxHops } from "../../../../lambdas/domain/schedule/max-hops.ts";

const usual = { postsPerSecond: 5_000, workers: 5 };
/** So many members, of which the first page showed 251. */
const roomOf = (members: number) => ({ seen: 251, share: 251 / members });

describe("a room is divided", () => {
  test.each([
    ["of 251 members, into two parts", 251, 2],
    ["of 1,000 members, so that each part is worth a task", 1_000, 4],
    ["of 2,500 members, among all workers", 2_500, 5],
    ["of 5,000 members, among all workers", 5_000, 5],
    ["of 100,000 members, among all workers and no further", 100_000, 5],
    ["of 1,000,000 members, so that each part can be gone through", 1_000_000, 6],
  ])("%s", (_, members, parts) => {
    expect(partsFor(roomOf(members), usual)).toBe(parts);
  });

  test("of which nobody knows how large it is, for millions", () => {
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
  ])("of which nobody knows how large it is, evenly among %i workers: into %i parts", (workers, parts) => {
    expect(partsFor({ seen: 251 }, { postsPerSecond: 1_000 * workers, workers })).toBe(parts);
  });

  test("whose first page held nobody but ghosts, into one part", () => {
    expect(partsFor({ seen: 0, share: 0.3 }, usual)).toBe(1);
  });
});

const limits = fc.record({
  postsPerSecond: fc.integer({ min: 1, max: 200_000 }),
  workers: fc.integer({ min: 2, max: 1_000 }),
});

test("no part takes its worker more than 8 of the 14 rounds that AWS allows, whatever the room and the rate", () => {
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

test("no more tasks are ordered than there are workers, unless one could not come to its end", () => {
  fc.assert(
    fc.property(limits, fc.integer({ min: 251, max: 10_000_000 }), (limits, members) => {
      const parts = partsFor(roomOf(members), limits);
      const secondsOfAWorker = members / limits.workers / (limits.postsPerSecond / limits.workers);
      if (secondsOfAWorker * 1000 <= 8 * taskBudgetMs) expect(parts).toBeLessThanOrEqual(limits.workers + 1);
    }),
  );
});

test("everyone is divided into at least 40 parts, at least 4 for each worker and as many for each", () => {
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

test("the parts of a room are all of them, each once", () => {
  expect(partsOf(3)).toEqual([
    { index: 0, of: 3 },
    { index: 1, of: 3 },
    { index: 2, of: 3 },
  ]);
});

test("posting to a room takes as long as its members take at the rate of all workers", () => {
  expect(fanOutMs(roomOf(5_000), usual)).toBe(1_000);
  expect(fanOutMs({ seen: 251 }, usual)).toBe(0);
});

test.each([
  [251, 1],
  [10_000, 1],
  [10_100, 2],
  [198_000, 20],
])("a look at %i members is divided into %i", (members, checks) => {
  expect(checksFor(roomOf(members))).toBe(checks);
});

test("a look at everyone is divided into ten", () => {
  expect(checksFor({ seen: 251 })).toBe(10);
});

describe("the members of a room are to ack", () => {
  test.each([
    ["of 200 members, as soon as they like", 200, undefined],
    ["of 201, within half a second", 201, 500],
    ["of 800, within a second", 800, 1_000],
    ["of 10,000, within 16 s", 10_000, 16_000],
    ["of 100,000, within about two minutes", 100_000, 128_000],
  ])("%s", (_, members, ms) => {
    expect(ackWithinMs("456", { seen: members, share: 1 })).toBe(ms);
  });

  test("of any size, at 800 acks a second or less, and in a time that longer ones are multiples of", () => {
    fc.assert(
      fc.property(fc.integer({ min: 201, max: 10_000_000 }), (members) => {
        const ms = ackWithinMs("456", { seen: members, share: 1 }) ?? 250;
        expect((members / ms) * 1000).toBeLessThanOrEqual(800);
        expect((members / ms) * 1000).toBeGreaterThan(400);
        expect(Math.log2(ms / 250) % 1).toBe(0);
      }),
    );
  });

  test("of everyone's, as soon as they like: each place has a key of its own", () => {
    expect(ackWithinMs("@all", { seen: 251 })).toBeUndefined();
    expect(ackWithinMs("@all", { seen: 250, share: 1 })).toBeUndefined();
  });

  test("of a room that nobody is in, as soon as they like", () => {
    expect(ackWithinMs("456", { seen: 0, share: 1 })).toBeUndefined();
  });
});
