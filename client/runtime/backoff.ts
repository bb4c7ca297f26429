const firstMs = 500;
const maxMs = 30_000;

/**
 * Full jitter: anything up to a limit that doubles with every try, so that pages which lost their server together do
 * not come back together (https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/).
 *
 * @param tries how many were in vain so far
 */
export const pauseMs = (tries: number, random: () => number) => random() * Math.min(maxMs, firstMs * 2 ** tries);

/**
 * How long a gap may stand before it is asked for: messages that overtake one another close it by themselves. Then each
 * second, and more and more seldom where nobody can answer.
 */
export const gapMs = (tries: number) => (tries === 0 ? 200 : Math.min(maxMs, 1_000 * 2 ** Math.max(0, tries - 5)));
