import { describe, expect, test } from "vitest";
import { forEachLimited } from "../../../../lambdas/domain/concurrency/for-each-limited.ts";
import { flatten } from "../../../../lambdas/domain/concurrency/pages.ts";

async function* from<T>(...items: T[]): AsyncGenerator<T> {
  yield* items;
}

/** Lets all work run that does not wait for the test. */
const clear = () => new Promise<void>((done) => setImmediate(done));

/** Work that ends when the test finishes it. */
function heldWork() {
  const running = new Map<number, () => void>();
  let max = 0;
  return {
    running,
    max: () => max,
    work: (item: number) =>
      new Promise<void>((done) => {
        running.set(item, done);
        max = Math.max(max, running.size);
      }),
    finish: (item: number) => {
      running.get(item)?.();
      running.delete(item);
    },
  };
}

describe("work on many items", () => {
  test("runs on each item once", async () => {
    const done: number[] = [];
    await forEachLimited(from(1, 2, 3, 4, 5), 2, async (item) => void done.push(item));
    expect(done).toEqual([1, 2, 3, 4, 5]);
  });

  test("ends at once without items, and with fewer items than the limit", async () => {
    const done: number[] = [];
    await forEachLimited(from<number>(), 8, async (item) => void done.push(item));
    await forEachLimited(from(1), 8, async (item) => void done.push(item));
    expect(done).toEqual([1]);
  });

  test("runs on at most `limit` items at a time, and starts the next when one has ended", async () => {
    const { work, running, finish, max } = heldWork();
    const all = forEachLimited(from(1, 2, 3, 4), 2, work);
    await clear();
    expect([...running.keys()]).toEqual([1, 2]);
    finish(2);
    await clear();
    expect([...running.keys()]).toEqual([1, 3]);
    finish(1);
    finish(3);
    await clear();
    finish(4);
    await all;
    expect(max()).toBe(2);
  });

  // A push to a room of two started 400 workers: 340 µs of CPU, against 6 µs.
  test("reads the source once per item and once for its end, however high the limit is", async () => {
    let reads = 0;
    const items = [1, 2];
    const source = {
      [Symbol.asyncIterator]: () => ({
        next: async (): Promise<IteratorResult<number, undefined>> => {
          reads += 1;
          const value = items.shift();
          return value === undefined ? { done: true, value } : { done: false, value };
        },
      }),
    };
    const done: number[] = [];
    await forEachLimited(source, 400, async (item) => void done.push(item));
    expect(done).toEqual([1, 2]);
    expect(reads).toBe(3);
  });

  test("runs on the items of an array", async () => {
    const { work, running, finish } = heldWork();
    const all = forEachLimited([1, 2, 3], 2, work);
    await clear();
    expect([...running.keys()]).toEqual([1, 2]);
    for (const item of [1, 2, 3]) {
      finish(item);
      await clear();
    }
    await all;
    expect(running.size).toBe(0);
  });

  test("reads an item only when there is room for it", async () => {
    let taken = 0;
    const endless = (async function* () {
      while (taken < 100) {
        taken += 1;
        yield taken;
      }
    })();
    const { work, finish } = heldWork();
    const all = forEachLimited(endless, 3, work);
    await clear();
    expect(taken).toBe(3);
    finish(1);
    await clear();
    expect(taken).toBe(4);
    for (let item = 2; item <= 100; item += 1) {
      finish(item);
      await clear();
    }
    await all;
  });
});

describe("a failure", () => {
  test.each([
    [
      "that is thrown at once",
      () => {
        throw new Error("broken");
      },
    ],
    ["that is thrown later", () => Promise.reject(new Error("broken"))],
  ])("%s stops no other item, and is thrown when all have ended", async (_, fail) => {
    const done: number[] = [];
    const work = async (item: number) => {
      await clear();
      done.push(item);
    };
    const all = forEachLimited(from(1, 2, 3, 4, 5), 2, (item) => (item === 1 ? fail() : work(item)));
    await expect(all).rejects.toThrow("broken");
    expect(done).toEqual([2, 3, 4, 5]);
  });

  test("that comes first is thrown, later ones are not", async () => {
    const all = forEachLimited(from(1, 2, 3), 1, async (item) => {
      throw new Error(`${item} is broken`);
    });
    await expect(all).rejects.toThrow("1 is broken");
  });

  // A page of a query could not be read: the Lambda ended, and was frozen, during posts of the pages before.
  test("of the source is thrown when the work on the items before it has ended", async () => {
    const done: number[] = [];
    const source = (async function* () {
      yield 1;
      throw new Error("no more pages");
    })();
    const all = forEachLimited(source, 3, async (item) => {
      await clear();
      done.push(item);
    });
    await expect(all).rejects.toThrow("no more pages");
    expect(done).toEqual([1]);
  });
});

describe("pages", () => {
  test("are read when their first item is wanted", async () => {
    const read: number[] = [];
    const pages = (async function* () {
      for (const page of [[1, 2], [], [3]]) {
        read.push(page.length);
        yield page;
      }
    })();
    const items = flatten(pages);
    expect([(await items.next()).value, (await items.next()).value]).toEqual([1, 2]);
    expect(read).toEqual([2]);
    expect((await items.next()).value).toBe(3);
    expect((await items.next()).done).toBe(true);
  });
});
