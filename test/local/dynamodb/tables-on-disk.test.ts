import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createTables } from "../../../local/dynamodb/create-tables.ts";
import { startDatabase } from "../../../local/dynamodb/database.ts";
import { resolveStack } from "../../../local/template/stack.ts";
import { assemblyOf, smallResources } from "../support/small-template.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "downlink-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

describe("tables on disk", () => {
  const Item = { id: { S: "a" }, at: { N: "12345678901234567890" } };
  async function open(edit: (table: Record<string, unknown>) => void = () => {}) {
    const resources = smallResources();
    edit(resources.Table?.Properties ?? {});
    const stack = resolveStack(assemblyOf(resources));
    const database = await startDatabase(join(folder, "tables"));
    const TableName = stack.physicalId("Table");
    return { stack, database, TableName };
  }

  test("keep their items after a restart", async () => {
    const first = await open();
    await createTables(first.stack, first.database);
    const put = await first.database.request("PutItem", JSON.stringify({ TableName: first.TableName, Item }));
    expect(put.status).toBe(200);
    await first.database.close();

    const second = await open();
    await createTables(second.stack, second.database);
    const { body } = await second.database.request(
      "GetItem",
      JSON.stringify({ TableName: second.TableName, Key: { id: { S: "a" } } }),
    );
    expect(JSON.parse(body)).toEqual({ Item });
    await second.database.close();
  });

  test("are rejected if the template has other keys", async () => {
    const first = await open();
    await createTables(first.stack, first.database);
    await first.database.close();

    const second = await open((table) => {
      table.KeySchema = [
        { AttributeName: "id", KeyType: "HASH" },
        { AttributeName: "at", KeyType: "RANGE" },
      ];
    });
    await expect(createTables(second.stack, second.database)).rejects.toThrow(
      /Table: the existing table has other keys/,
    );
    await second.database.close();
  });
});

test("data that are in use by another database are rejected", async () => {
  const database = await startDatabase(folder);
  await expect(startDatabase(folder)).rejects.toThrow(/^the data in .* are in use; stop the other npm start, or/);
  await database.close();
});

test("data are in use as soon as a database has started", async () => {
  // dynalite may open its data in time by chance, but not always.
  for (let attempt = 0; attempt < 30; attempt += 1) {
    const database = await startDatabase(join(folder, `${attempt}`));
    await expect(startDatabase(join(folder, `${attempt}`))).rejects.toThrow("are in use");
    await database.close();
  }
});
