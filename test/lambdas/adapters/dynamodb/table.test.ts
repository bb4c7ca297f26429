import { GetItemCommand, QueryCommand, ScanCommand } from "@aws-sdk/client-dynamodb";
import { beforeAll, describe, expect, test } from "vitest";
import { type Table, tableOf } from "../../../../lambdas/adapters/dynamodb/table.ts";
import { sharedTables } from "../../../support/shared-tables.ts";
import { inPagesOf, openTables } from "../../../support/tables.ts";

const tables = sharedTables(openTables);
let table: Table;
beforeAll(async () => {
  table = tableOf(tables.client, "Rooms");
  for (let i = 0; i < 7; i += 1) await table.put({ roomId: "paged", item: `item-${i}`, odd: i % 2 === 1 });
});

const read = async (pages: AsyncIterable<Record<string, unknown>[]>) => {
  const sizes: number[] = [];
  const items: unknown[] = [];
  for await (const page of pages) {
    sizes.push(page.length);
    items.push(...page.map(({ item }) => item));
  }
  return { sizes, items };
};
const key = "roomId = :room";
const values = { ":room": "paged", ":yes": true };

describe("the pages of a table", () => {
  test("are read one after the other to the end", async () => {
    const { sizes, items } = await read(
      tableOf(inPagesOf(3, tables.client), "Rooms").pages({ key, values: { ":room": "paged" } }),
    );
    expect(items).toEqual(Array.from({ length: 7 }, (_, i) => `item-${i}`));
    expect(sizes).toEqual([3, 3, 1]);
  });

  test("continue after a page that the filter empties", async () => {
    const { items } = await read(
      tableOf(inPagesOf(1, tables.client), "Rooms").pages({ key, filter: "odd = :yes", values }),
    );
    expect(items).toEqual(["item-1", "item-3", "item-5"]);
  });

  test("are requested only as far as they are consumed", async () => {
    let requests = 0;
    const { send } = inPagesOf(2, tables.client);
    const counted = {
      send: ((command: QueryCommand) => {
        requests += 1;
        return send(command);
      }) as typeof send,
    };
    for await (const _ of tableOf(counted, "Rooms").pages({ key, values: { ":room": "paged" } })) break;
    expect(requests).toBe(1);
  });
});

describe("one page of a table", () => {
  const all = { key, values: { ":room": "paged" } };
  const itemsOf = ({ rows }: { rows: Record<string, unknown>[] }) => rows.map(({ item }) => item);

  test("ends at its limit and returns the key after which the next one starts", async () => {
    const first = await table.page({ ...all, limit: 3 });
    expect(itemsOf(first)).toEqual(["item-0", "item-1", "item-2"]);
    expect(first.last).toEqual({ roomId: "paged", item: "item-2" });
    const next = await table.page({ ...all, limit: 10, after: { roomId: "paged", item: "item-2" } });
    expect(itemsOf(next)).toEqual(["item-3", "item-4", "item-5", "item-6"]);
    expect(next).not.toHaveProperty("last");
  });

  test("counts filtered rows towards its limit", async () => {
    const page = await table.page({ key, filter: "odd = :yes", values, limit: 3 });
    expect(itemsOf(page)).toEqual(["item-1"]);
    expect(page.last).toEqual({ roomId: "paged", item: "item-2" });
  });

  test("may start after a key without a row", async () => {
    expect(itemsOf(await table.page({ ...all, after: { roomId: "paged", item: "item-3z" } }))).toEqual([
      ...["item-4", "item-5", "item-6"],
    ]);
  });

  test("of one segment of a scan has its own rows; all segments together have all", async () => {
    const segments = await Promise.all([0, 1, 2].map((index) => table.page({ segment: { index, of: 3 } })));
    const whole = await table.page({});
    expect(segments.flatMap(itemsOf).sort()).toEqual(itemsOf(whole).sort());
  });
});

test("every read sees all earlier writes", async () => {
  const reads: unknown[] = [];
  const send = (command: GetItemCommand) => {
    const isRead = [GetItemCommand, QueryCommand, ScanCommand].some((each) => command instanceof each);
    if (isRead) reads.push(command.input.ConsistentRead);
    return tables.client.send(command);
  };
  const watched = { send: send as typeof tables.client.send };
  const strong = tableOf(watched, "Rooms");
  await strong.get({ roomId: "paged", item: "item-0" });
  await read(strong.pages({ key, values: { ":room": "paged" } }));
  await read(strong.pages({}));
  await strong.page({ segment: { index: 0, of: 2 } });
  expect(reads).toEqual([true, true, true, true]);
});

describe("a failed condition", () => {
  const never = { condition: "attribute_exists(nothing)" };
  const row = { roomId: "refused", item: "x" };

  test("is a value for put, update and remove, and writes nothing", async () => {
    expect(await table.put(row, never)).toBe("refused");
    expect(await table.update(row, { update: "SET a = :a", values: { ":a": 1 }, ...never })).toBe("refused");
    expect(await table.remove(row, never)).toBe("refused");
    expect(await table.get(row)).toBeUndefined();
  });

  test("is different from other errors", async () => {
    const elsewhere = tableOf(tables.client, "Elsewhere");
    await expect(elsewhere.put(row)).rejects.toThrow("resource not found");
    await expect(elsewhere.update(row, { update: "REMOVE a" })).rejects.toThrow("resource not found");
    await expect(elsewhere.remove(row)).rejects.toThrow("resource not found");
  });
});
