const firstMs = 500;
const maxMs = 30_000;

/**
 * Full jitter: anything up to a limit that doubles with every try, so that pages which lost their server together do
 * not come back together (https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/).
 *
 * @param tries how many were in vain so far
 */
export const pauseMs = (tries: number, random: () => number) => random() * Math.min(maxMs, firstMs * 2 ** tries);
