/**
 * Runs `work` over `items`, at most `limit` at once. Items are taken only when there is room for them, so that a long
 * stream is never held in memory. A failure of one item stops no other, and one of their source none that came before it;
 * the first one is thrown when all are done.
 */
export async function forEachLimited<T>(
  items: Iterable<T> | AsyncIterable<T>,
  limit: number,
  work: (item: T) => Promise<void>,
): Promise<void> {
  let failed: { failure: unknown } | undefined;
  const orNote = async (run: () => Promise<void>) => {
    try {
      await run();
    } catch (failure) {
      // Only the first is kept: a hundred thousand of one outage would fill the memory.
      failed ??= { failure };
    }
  };
  const source = Symbol.asyncIterator in items ? items[Symbol.asyncIterator]() : items[Symbol.iterator]();
  const worker = () =>
    orNote(async () => {
      for (let next = await source.next(); !next.done; next = await source.next()) {
        const { value } = next;
        await orNote(() => work(value));
      }
    });
  await Promise.all(Array.from({ length: limit }, worker));
  if (failed) throw failed.failure;
}
