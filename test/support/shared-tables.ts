import { afterAll, beforeAll } from "vitest";

/**
 * Opens tables that all tests of a file share, and closes them after the last test.
 *
 * @param open `openTables` or `openInMemoryTables`
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
      if (!opened) throw new Error("the tables are not open before the first test");
      return opened.client;
    },
  };
}
