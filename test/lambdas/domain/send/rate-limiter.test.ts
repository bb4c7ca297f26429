import { describe, expect, test } from "vitest";
import type { PostOutcome } from "../../../../lambdas/domain/model/gateway.ts";
import { makeRateLimiter } from "../../../../lambdas/domain/send/rate-limiter.ts";
import { seededRandom } from "../../../simulation/seeded-random.ts";

/** Time that passes only while all work waits. Timers are late by up to `lateMs`, as real ones are. */
function makeTime(lateMs = 0) {
  const random = seededRandom(7);
  let nowMs = 1_000;
  let sleepers: { atMs: number; wake: () => void }[] = [];
  const wait = (ms: number) =>
    new Promise<void>((wake) => void sleepers.push({ atMs: nowMs + ms + random() * lateMs, wake }));
  return {
    now: () => nowMs,
    wait,
    /** Lets time pass until the work is done. */
    async run(work: Promise<unknown>): Promise<void> {
      let isDone = false;
      const ended = work.finally(() => {
        isDone = true;
      });
      for (;;) {
        await new Promise<void>((next) => setImmediate(next));
        if (isDone) return void (await ended);
        sleepers = sleepers.sort((a, b) => a.atMs - b.atMs);
        const next = sleepers.shift();
        if (!next) continue;
        nowMs = Math.max(nowMs, next.atMs);
        next.wake();
      }
    },
  };
}
type Time = ReturnType<typeof makeTime>;
const limiterAt = (rate: number, time: Time, random = () => 1) => makeRateLimiter(rate, { ...time, random });

/** The moments of so many slots, acquired by `workers` concurrently. */
async function slotsOf(
  time: Time,
  limiter: ReturnType<typeof limiterAt>,
  count: number,
  workers = 1,
): Promise<number[]> {
  const moments: number[] = [];
  const take = async () => {
    while (moments.length < count) {
      await limiter.acquire();
      moments.push(time.now());
    }
  };
  await time.run(Promise.all(Array.from({ length: workers }, take)));
  return moments;
}
/** The most slots within one second. */
function busiestSecond(moments: readonly number[]): number {
  let first = 0;
  let max = 0;
  for (const [i, moment] of moments.entries()) {
    while (moment - (moments[first] ?? 0) >= 1_000) first += 1;
    max = Math.max(max, i - first + 1);
  }
  return max;
}
const durationOf = (moments: readonly number[]) => (moments.at(-1) ?? 0) - (moments[0] ?? 0);

describe("slots", () => {
  test.each([
    { rate: 100, lateMs: 0, workers: 1 },
    { rate: 1_000, lateMs: 0, workers: 1 },
    { rate: 1_000, lateMs: 25, workers: 1 },
    { rate: 1_000, lateMs: 25, workers: 50 },
    { rate: 5_000, lateMs: 5, workers: 1 },
  ])(
    "at $rate a second keep the rate, and exceed it by less than a tenth, with $workers workers and timers $lateMs ms late",
    async ({ rate, lateMs, workers }) => {
      const time = makeTime(lateMs);
      const moments = await slotsOf(time, limiterAt(rate, time), rate * 3, workers);
      expect(busiestSecond(moments)).toBeLessThanOrEqual(rate * 1.1);
      expect(durationOf(moments)).toBeLessThanOrEqual(3_000 * 1.05);
    },
  );

  test("are even within a second, not all at its beginning", async () => {
    const time = makeTime();
    const moments = await slotsOf(time, limiterAt(1_000, time), 1_000);
    const tenths = Array.from(
      { length: 9 },
      (_, i) => moments.filter((moment) => Math.floor((moment - 1_000) / 100) === i + 1).length,
    );
    for (const slots of tenths.slice(0, -1)) expect(Math.abs(slots - 100)).toBeLessThanOrEqual(10);
  });

  test("after a pause of a minute keep the rate: the pause is not made up for", async () => {
    const time = makeTime();
    const limiter = limiterAt(1_000, time);
    const before = await slotsOf(time, limiter, 500);
    await time.run(time.wait(60_000));
    const moments = await slotsOf(time, limiter, 2_000);
    expect(busiestSecond([...before, ...moments])).toBeLessThanOrEqual(1_100);
    expect(durationOf(moments)).toBeGreaterThanOrEqual(1_900);
  });

  test("that would be too late are not taken, and are left for others", async () => {
    const time = makeTime();
    const limiter = limiterAt(10, time);
    // The 50 ms before are made up for; then there is one slot every 100 ms.
    await time.run(limiter.acquire());
    const beganMs = time.now();
    expect(await limiter.acquire(beganMs + 49)).toBe(false);
    expect(await limiter.acquire(beganMs - 1)).toBe(false);
    const taken = limiter.acquire(beganMs + 50);
    await time.run(taken);
    expect([await taken, time.now() - beganMs]).toEqual([true, 50]);
  });
});

describe("outcomes", () => {
  const onOutcomes = (limiter: ReturnType<typeof limiterAt>, outcomes: readonly PostOutcome[]) => {
    for (const outcome of outcomes) limiter.onOutcome(outcome);
  };
  const of = (outcome: PostOutcome, count: number) => Array.from({ length: count }, () => outcome);
  /** How long the next slot takes. */
  const pauseOf = async (time: Time, limiter: ReturnType<typeof limiterAt>) => {
    const fromMs = time.now();
    await time.run(limiter.acquire());
    return time.now() - fromMs;
  };

  test("that are all 429 pause all posts, longer each time, up to 3.2 s", async () => {
    const time = makeTime();
    const limiter = limiterAt(1_000, time);
    const pauses: number[] = [];
    for (let i = 0; i < 7; i += 1) {
      onOutcomes(limiter, of("slow", 20));
      pauses.push(await pauseOf(time, limiter));
    }
    expect(pauses).toEqual([200, 400, 800, 1_600, 3_200, 3_200, 3_200]);
  });

  test("that are good reset the pause", async () => {
    const time = makeTime();
    const limiter = limiterAt(1_000, time);
    for (let i = 0; i < 3; i += 1) {
      onOutcomes(limiter, of("slow", 20));
      await pauseOf(time, limiter);
    }
    onOutcomes(limiter, of("sent", 20));
    onOutcomes(limiter, of("slow", 20));
    expect(await pauseOf(time, limiter)).toBe(200);
  });

  test("pause workers for different times, at least half of the pause", async () => {
    const pauses = await Promise.all(
      [0, 0.5, 1].map(async (random) => {
        const time = makeTime();
        const limiter = limiterAt(1_000, time, () => random);
        onOutcomes(limiter, of("slow", 20));
        return pauseOf(time, limiter);
      }),
    );
    expect(pauses).toEqual([100, 150, 200]);
  });

  test("that stay 429 leave hardly any slots", async () => {
    const time = makeTime();
    const limiter = limiterAt(1_000, time);
    const moments: number[] = [];
    while (moments.length < 200) {
      await time.run(limiter.acquire());
      moments.push(time.now());
      limiter.onOutcome("slow");
    }
    // At the rate they would take a fifth of a second.
    expect(durationOf(moments)).toBeGreaterThan(10_000);
  });

  test.each([
    ["429 of one slow connection, with four attempts, among others", [...of("slow", 4), ...of("sent", 16)]],
    ["429 for half of them", [...of("slow", 10), ...of("sent", 10)]],
    ["500", of("failed", 20)],
    ["no response in time", of("unknown", 20)],
    ["410", of("gone", 20)],
  ])("of %s do not pause", async (_, outcomes) => {
    const time = makeTime();
    const limiter = limiterAt(1_000, time);
    for (let i = 0; i < 5; i += 1) onOutcomes(limiter, outcomes);
    expect(await pauseOf(time, limiter)).toBe(0);
  });
});
