import type { Clock } from "../../world/clock.ts";

/** The limits of a token bucket. */
export interface Throttle {
  /** Requests per second, on average. */
  rate: number;
  /** Requests at the same time: the capacity of the bucket. */
  burst: number;
}

/** Takes one token. Returns false if less than one is left: the request must be rejected. */
export type TokenBucket = () => boolean;

/** A bucket that is full at first. */
export function tokenBucket({ rate, burst }: Throttle, clock: Clock): TokenBucket {
  let tokens = burst;
  let filledAt = clock.now();
  return () => {
    const now = clock.now();
    tokens = Math.min(burst, tokens + ((now - filledAt) / 1000) * rate);
    filledAt = now;
    if (tokens < 1) return false;
    tokens -= 1;
    return true;
  };
}

/**
 * A bucket for each key. It is created, full, when the key is first used.
 *
 * @param throttleOf `undefined` for a key without a limit
 */
export function bucketPerKey(
  throttleOf: (key: string) => Throttle | undefined,
  clock: Clock,
): (key: string) => boolean {
  const buckets = new Map<string, TokenBucket>();
  return (key) => {
    const known = buckets.get(key);
    if (known) return known();
    const throttle = throttleOf(key);
    if (!throttle) return true;
    const bucket = tokenBucket(throttle, clock);
    buckets.set(key, bucket);
    return bucket();
  };
}
