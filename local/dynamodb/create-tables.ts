import { setTimeout as sleep } from "node:timers/promises";
import type { Stack } from "../template/stack.ts";
import type { Database } from "./database.ts";

// Properties that CreateTable takes unchanged. TimeToLive is left out on purpose: DynamoDB deletes expired items days
// late, so readers must skip them. A local table that deletes them on time would hide a reader that does not skip them.
const tableProperties = ["AttributeDefinitions", "KeySchema", "LocalSecondaryIndexes", "GlobalSecondaryIndexes"];

/**
 * Creates the tables of the template that do not exist yet.
 *
 * @throws if a table of the same name exists with other keys or indexes
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
  const definition = Object.fromEntries(tableProperties.map((name) => [name, properties[name]]));
  const TableName = stack.physicalId(logicalId);
  const { status, body } = await database.request(
    "CreateTable",
    // Provisioned capacity would not be enforced locally.
    JSON.stringify({ ...definition, TableName, BillingMode: "PAY_PER_REQUEST" }),
  );
  if (status !== 200 && !body.includes("ResourceInUseException"))
    throw new Error(`${logicalId}: the table was not created: ${body}`);

  const existing = await waitUntilActive(database, TableName);
  if (shapeOf(existing) === shapeOf(definition)) return;
  throw new Error(
    `${logicalId}: the existing table has other keys or indexes than the template; delete .local/ to start with empty tables`,
  );
}

/** CreateTable responds before the table accepts items. */
async function waitUntilActive(database: Database, TableName: string): Promise<Record<string, unknown>> {
  const described = await database.request("DescribeTable", JSON.stringify({ TableName }));
  const { Table }: { Table: Record<string, unknown> } = JSON.parse(described.body);
  if (Table.TableStatus === "ACTIVE") return Table;
  await sleep(1);
  return waitUntilActive(database, TableName);
}

/** A text that is equal for two tables if their keys, attributes and indexes are equal in any order. */
function shapeOf(table: Record<string, unknown>): string {
  const indexes = [table.LocalSecondaryIndexes ?? [], table.GlobalSecondaryIndexes ?? []].flat() as {
    IndexName: string;
    KeySchema: unknown;
  }[];
  const indexKeys = indexes.map(({ IndexName, KeySchema }) => `${IndexName} ${JSON.stringify(KeySchema)}`).sort();
  const attributes = (table.AttributeDefinitions as { AttributeName: string; AttributeType: string }[])
    .map(({ AttributeName, AttributeType }) => `${AttributeName} ${AttributeType}`)
    .sort();
  return JSON.stringify([table.KeySchema, attributes, indexKeys]);
}
