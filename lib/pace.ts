/** How `postsPerSecond` is divided: over what is posted for the first time and what is posted again. */
export interface Pace {
  /** Of all fan-out workers together. */
  readonly fanOut: number;
  /** Of all workers of the redelivery together. */
  readonly redelivery: number;
}

/** What is sent again is a hundredth of all posts on a good day; after an outage a tenth of them brings it up. */
export function paceOf(postsPerSecond: number): Pace {
  const redelivery = postsPerSecond / 10;
  return { fanOut: postsPerSecond - redelivery, redelivery };
}

/**
 * So many fan-out workers share the rate. One could post several thousand times a second; several come to the end of a
 * large room in as many parts, and one that dies leaves less undone. A mapping takes 2 at least.
 */
export const workersFor = (postsPerSecond: number) => Math.min(1000, Math.max(2, Math.ceil(postsPerSecond / 1000)));
