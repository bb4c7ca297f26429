/** Pseudorandom numbers from 0 to below 1, the same for the same seed (mulberry32). */
export type Random = () => number;

export function seeded(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Rounds up or down at random; the mean stays. */
export const wholeOf = (value: number, random: Random): number => Math.floor(value + random());

/** Approximately normal, with mean 0 and standard deviation 1. */
export function bell(random: Random): number {
  let sum = -6;
  for (let i = 0; i < 12; i += 1) sum += random();
  return sum;
}

/** Poisson-distributed number of events. Above 50 expected events, a normal approximation. */
export function arrivals(expected: number, random: Random): number {
  if (expected > 50) return Math.max(0, Math.round(expected + Math.sqrt(expected) * bell(random)));
  // Knuth's algorithm.
  const limit = Math.exp(-expected);
  let count = 0;
  for (let product = random(); product > limit; product *= random()) count += 1;
  return count;
}
