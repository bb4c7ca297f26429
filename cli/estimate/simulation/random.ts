/** Numbers from 0 up to 1 that look random and are the same for the same seed (mulberry32). */
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

/** Up or down so that the average is kept. */
export const wholeOf = (value: number, random: Random): number => Math.floor(value + random());

/** About normal, with mean 0 and deviation 1. */
export function bell(random: Random): number {
  let sum = -6;
  for (let i = 0; i < 12; i += 1) sum += random();
  return sum;
}

/** How many events come when so many are expected: Poisson's numbers for many. */
export function arrivals(expected: number, random: Random): number {
  if (expected > 50) return Math.max(0, Math.round(expected + Math.sqrt(expected) * bell(random)));
  // Knuth's: products of random numbers.
  const limit = Math.exp(-expected);
  let count = 0;
  for (let product = random(); product > limit; product *= random()) count += 1;
  return count;
}
