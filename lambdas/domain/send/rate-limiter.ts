import type { Deps } from "../model/deps.ts";
import type { PostOutcome } from "../model/gateway.ts";

/** Who may post when. */
export interface RateLimiter {
  /**
   * Settles when one more attempt may be made.
   *
   * @param byMs a turn after that is of no use
   * @returns `false`: it would come later, and was not taken
   */
  acquire(byMs?: number): Promise<boolean>;
  /** Hears how each attempt ended. */
  onOutcome(outcome: PostOutcome): void;
}

/** Everybody at once. */
export const unlimited: RateLimiter = { acquire: async () => true, onOutcome: () => {} };

/** The same pace, for work whose time ends then. */
export const withDeadline = (limiter: RateLimiter, untilMs: number): RateLimiter => ({
  ...limiter,
  acquire: () => limiter.acquire(untilMs),
});

/** A timer for each post would cost more than the post: turns that are nearly due are taken at once. */
const grainMs = 4;

/** What was not used is made good for so long; after a longer pause the rate is the rate, not a burst. */
export const burstMs = 50;

/** Of so many answers one looks whether the whole account is throttled. */
const sample = 20;

const firstPauseMs = 200;

const maxPauseMs = 3_200;

/**
 * Lets posts go at an even rate. Where most of them are answered 429 it is the account that is throttled, not one slow
 * reader: everything pauses then, longer with each time in a row.
 *
 * @param postsPerSecond of this worker
 */
export function makeRateLimiter(
  postsPerSecond: number,
  { now, wait, random }: Pick<Deps, "now" | "wait" | "random">,
): RateLimiter {
  const gapMs = 1000 / postsPerSecond;
  let nextAtMs = 0;
  let pauseMs = firstPauseMs;
  let answers = 0;
  let slow = 0;

  return {
    async acquire(byMs = Number.POSITIVE_INFINITY) {
      const atMs = Math.max(nextAtMs, now() - burstMs);
      if (Math.max(atMs, now()) > byMs) return false;
      nextAtMs = atMs + gapMs;
      for (let leftMs = atMs - now(); leftMs > grainMs; leftMs = atMs - now()) await wait(leftMs);
      return true;
    },

    onOutcome(outcome) {
      answers += 1;
      if (outcome === "slow") slow += 1;
      if (answers < sample) return;
      const isThrottled = slow > sample / 2;
      answers = 0;
      slow = 0;
      if (!isThrottled) {
        pauseMs = firstPauseMs;
        return;
      }
      // Not all workers of an account again at the same moment.
      nextAtMs = Math.max(nextAtMs, now() + pauseMs * (0.5 + random() / 2));
      pauseMs = Math.min(maxPauseMs, pauseMs * 2);
    },
  };
}
