import { afterAll, beforeAll } from "vitest";

/**
 * Tables that all tests of a file share, from before the first to behind the last.
 *
 * @param open `openTables`, or the quick ones
 */
export function sharedTables<T extends { client: unknown; close(): Promise<void> }>(
  open: () => Promise<T>,
): { readonly client: T["client"] } {
  let opened: T | undefined;
  beforeAll(async () => {
    opened = await open();
  });
  afterAll(() => opened?.close());
  return {
    get client() {
      if (!opened) throw new Error("the tables are there from the first test on");
      return opened.client;
    },
  };
}
