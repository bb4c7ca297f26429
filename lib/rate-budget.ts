/** The two shares of `postsPerSecond`, in posts per second. */
export interface RateBudget {
  /** First posts, for all fan-out workers together. */
  readonly fanOut: number;
  /** For all redelivery workers together. */
  readonly redelivery: number;
}

/** One tenth is for redelivery: usually a hundredth of all posts is redelivered, and more only after an outage. */
export function rateBudget(postsPerSecond: number): RateBudget {
  const redelivery = postsPerSecond / 10;
  return { fanOut: postsPerSecond - redelivery, redelivery };
}

/**
 * The number of fan-out workers that share the rate: one for each 1,000 posts per second, from 2 to 1,000.
 *
 * A single worker could post several thousand times a second. Several workers finish a large room sooner, and a worker
 * that crashes leaves less undone. 2 is the minimum of an event source mapping.
 */
export const fanOutWorkers = (postsPerSecond: number) => Math.min(1000, Math.max(2, Math.ceil(postsPerSecond / 1000)));
