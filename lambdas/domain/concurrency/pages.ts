/** The items of all pages, one by one. The next page is read when its first item is wanted. */
export async function* flatten<T>(pages: AsyncIterable<readonly T[]>): AsyncGenerator<T> {
  for await (const page of pages) yield* page;
}

/** Items that have been read already, as pages. */
export async function* onePage<T>(items: T[]): AsyncGenerator<T[]> {
  yield items;
}

/** All items of all pages, in memory. */
export async function readAll<T>(pages: AsyncIterable<T[]>): Promise<T[]> {
  const all: T[] = [];
  for await (const page of pages) all.push(...page);
  return all;
}
