/**
 * Runs `work` on each item, on at most `limit` items at a time. The next item is read only when there is room for it, so
 * a long stream is never held in memory.
 *
 * A failure of one item stops no other item. A failure of the source ends the reading, but not the work on the items
 * before it. The first failure is thrown when all work has ended.
 */
export async function forEachLimited<T>(
  items: Iterable<T> | AsyncIterable<T>,
  limit: number,
  work: (item: T) => Promise<void>,
): Promise<void> {
  let running = 0;
  let onEnd = () => {};
  const nextEnd = () =>
    new Promise<void>((resolve) => {
      onEnd = resolve;
    });
  // Only the first failure is kept: the hundred thousand failures of an outage would fill the memory.
  let failed: { failure: unknown } | undefined;
  const recordFailure = (failure: unknown) => {
    failed ??= { failure };
  };

  const run = async (item: T) => {
    running += 1;
    try {
      await work(item);
    } catch (failure) {
      recordFailure(failure);
    }
    running -= 1;
    onEnd();
  };

  try {
    for await (const item of items) {
      void run(item);
      if (running === limit) await nextEnd();
    }
  } catch (failure) {
    recordFailure(failure);
  }
  while (running > 0) await nextEnd();
  if (failed) throw failed.failure;
}
