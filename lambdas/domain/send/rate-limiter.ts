import type { Deps } from "../model/deps.ts";
import type { PostOutcome } from "../model/gateway.ts";

/** Spaces posts evenly. */
export interface RateLimiter {
  /**
   * Waits for the next slot.
   *
   * @param byMs the latest useful time of the slot
   * @returns `false` if the slot would be later; it was not taken
   */
  acquire(byMs?: number): Promise<boolean>;
  /** Slows down while API Gateway throttles the account. Call it with the outcome of each attempt. */
  onOutcome(outcome: PostOutcome): void;
}

/** Without a limit. */
export const unlimited: RateLimiter = { acquire: async () => true, onOutcome: () => {} };

/** The same limiter for work that ends at `untilMs`. */
export const withDeadline = (limiter: RateLimiter, untilMs: number): RateLimiter => ({
  ...limiter,
  acquire: () => limiter.acquire(untilMs),
});

/** A timer for each post would cost more than the post: slots that are nearly due are taken at once. */
const timerGrainMs = 4;

/** After a stall, posts catch up with the missed slots of this time at most. */
export const burstMs = 50;

/** The number of outcomes after which their share of `slow` shows whether the account is throttled. */
const sampleSize = 20;

const firstPauseMs = 200;
const maxPauseMs = 3_200;

/**
 * Makes a limiter for one worker. If more than half of a sample is `slow`, API Gateway throttles the account, not one
 * connection. All posts then pause for up to 200 ms. The pause doubles with each such sample in a row, up to 3.2 s.
 *
 * @param postsPerSecond the worker's share of the limit
 */
export function makeRateLimiter(
  postsPerSecond: number,
  { now, wait, random }: Pick<Deps, "now" | "wait" | "random">,
): RateLimiter {
  const gapMs = 1000 / postsPerSecond;
  let nextAtMs = 0;
  let pauseMs = firstPauseMs;
  let outcomes = 0;
  let slow = 0;

  return {
    async acquire(byMs = Number.POSITIVE_INFINITY) {
      const atMs = Math.max(nextAtMs, now() - burstMs);
      if (Math.max(atMs, now()) > byMs) return false;
      nextAtMs = atMs + gapMs;
      for (let leftMs = atMs - now(); leftMs > timerGrainMs; leftMs = atMs - now()) await wait(leftMs);
      return true;
    },

    onOutcome(outcome) {
      outcomes += 1;
      if (outcome === "slow") slow += 1;
      if (outcomes < sampleSize) return;
      const isThrottled = slow > sampleSize / 2;
      outcomes = 0;
      slow = 0;
      if (!isThrottled) {
        pauseMs = firstPauseMs;
        return;
      }
      // Random, so that the workers of an account do not resume at the same moment.
      nextAtMs = Math.max(nextAtMs, now() + pauseMs * (0.5 + random() / 2));
      pauseMs = Math.min(maxPauseMs, pauseMs * 2);
    },
  };
}
