const firstMs = 500;
const maxMs = 30_000;

/**
 * Exponential backoff with full jitter: a random time up to a limit that doubles with each attempt. Pages that lose
 * their server at the same time come back at different times
 * (https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/).
 *
 * @param attempts how many failed so far
 * @param random returns a number from 0 up to 1
 * @returns 0 to 30,000 ms
 */
export const backoffMs = (attempts: number, random: () => number) =>
  random() * Math.min(maxMs, firstMs * 2 ** attempts);

/**
 * How long a gap may stay open before the client requests its messages: 200 ms, as messages that overtake one another close it;
 * then 1 s five times; then twice as long each time, up to 30 s.
 *
 * @param attempts how many requests were sent so far
 */
export const gapMs = (attempts: number) =>
  attempts === 0 ? 200 : Math.min(maxMs, 1_000 * 2 ** Math.max(0, attempts - 5));
