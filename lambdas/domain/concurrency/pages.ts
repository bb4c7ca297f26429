/** The items of pages, one by one. */
export async function* flatten<T>(pages: AsyncIterable<readonly T[]>): AsyncGenerator<T> {
  for await (const page of pages) yield* page;
}

/** What has been read already, where pages are expected. */
export async function* onePage<T>(items: T[]): AsyncGenerator<T[]> {
  yield items;
}

/** All of all pages, for what has room in memory. */
export async function readAll<T>(pages: AsyncIterable<T[]>): Promise<T[]> {
  const all: T[] = [];
  for await (const page of pages) all.push(...page);
  return all;
}
