import { setTimeout as sleep } from "node:timers/promises";
import type { Stack } from "../template/stack.ts";
import type { Database } from "./database.ts";

// What CreateTable takes from the resource as it is. Not TimeToLive: DynamoDB deletes days late, so a local table that
// deletes at once would hide that readers have to skip what has expired. Here nothing is ever deleted.
const tableProperties = ["AttributeDefinitions", "KeySchema", "LocalSecondaryIndexes", "GlobalSecondaryIndexes"];

/**
 * Creates the template's tables, unless the data on disk have them already.
 *
 * @throws if a table of that name has other keys or indexes
 */
export async function createTables(stack: Stack, database: Database): Promise<void> {
  const tables = ["AWS::DynamoDB::Table", "AWS::DynamoDB::GlobalTable"].flatMap((type) => stack.ofType(type));
  await Promise.all(tables.map(({ logicalId, properties }) => createTable(stack, database, logicalId, properties)));
}

async function createTable(
  stack: Stack,
  database: Database,
  logicalId: string,
  properties: Readonly<Record<string, unknown>>,
): Promise<void> {
  const wanted = Object.fromEntries(tableProperties.map((name) => [name, properties[name]]));
  const TableName = stack.physicalId(logicalId);
  const { status, body } = await database.request(
    "CreateTable",
    // Capacity that was provisioned would throttle nothing here.
    JSON.stringify({ ...wanted, TableName, BillingMode: "PAY_PER_REQUEST" }),
  );
  if (status !== 200 && !body.includes("ResourceInUseException"))
    throw new Error(`${logicalId}: the table was not created: ${body}`);

  const Table = await activeTable(database, TableName);
  if (shapeOf(Table) === shapeOf(wanted)) return;
  throw new Error(
    `${logicalId}: the kept data have other keys or indexes than the template; delete .local/ to start with empty tables`,
  );
}

/** CreateTable answers before the table takes items. */
async function activeTable(database: Database, TableName: string): Promise<Record<string, unknown>> {
  const described = await database.request("DescribeTable", JSON.stringify({ TableName }));
  const { Table }: { Table: Record<string, unknown> } = JSON.parse(described.body);
  if (Table.TableStatus === "ACTIVE") return Table;
  await sleep(1);
  return activeTable(database, TableName);
}

/** Keys and index keys as text, in an order of their own. */
function shapeOf(table: Record<string, unknown>): string {
  const indexes = [table.LocalSecondaryIndexes ?? [], table.GlobalSecondaryIndexes ?? []].flat() as {
    IndexName: string;
    KeySchema: unknown;
  }[];
  const named = indexes.map(({ IndexName, KeySchema }) => `${IndexName} ${JSON.stringify(KeySchema)}`).sort();
  const attributes = (table.AttributeDefinitions as { AttributeName: string; AttributeType: string }[])
    .map(({ AttributeName, AttributeType }) => `${AttributeName} ${AttributeType}`)
    .sort();
  return JSON.stringify([table.KeySchema, attributes, named]);
}
