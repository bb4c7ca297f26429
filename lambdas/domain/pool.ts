/**
 * Runs `work` over `items`, at most `limit` at once. Items are taken only when there is room for them, so that a long
 * stream is never held in memory. A failure of one item stops no other; the first one is thrown when all are done.
 */
export async function forEachLimited<T>(
  items: AsyncIterable<T>,
  limit: number,
  work: (item: T) => Promise<void>,
): Promise<void> {
  const failures: unknown[] = [];
  const source = items[Symbol.asyncIterator]();
  const worker = async () => {
    for (let next = await source.next(); !next.done; next = await source.next()) {
      try {
        await work(next.value);
      } catch (failure) {
        // Only the first is kept: a hundred thousand of one outage would fill the memory.
        if (failures.length === 0) failures.push(failure);
      }
    }
  };
  await Promise.all(Array.from({ length: limit }, worker));
  if (failures.length > 0) throw failures[0];
}

/** The items of pages, one by one. */
export async function* flatten<T>(pages: AsyncIterable<readonly T[]>): AsyncGenerator<T> {
  for await (const page of pages) yield* page;
}
