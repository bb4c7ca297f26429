import type { AddressInfo } from "node:net";
import { CreateTableCommand, DynamoDBClient, QueryCommand, ScanCommand } from "@aws-sdk/client-dynamodb";
import { unmarshall } from "@aws-sdk/util-dynamodb";
import dynalite from "dynalite";

const key = (AttributeName: string, KeyType: "HASH" | "RANGE") => ({ AttributeName, KeyType });
/** The tables of lib/: keys only. */
export const tableDefinitions = [
  { TableName: "Connections", KeySchema: [key("connectionId", "HASH")] },
  { TableName: "Rooms", KeySchema: [key("roomId", "HASH"), key("item", "RANGE")] },
  { TableName: "Messages", KeySchema: [key("roomId", "HASH"), key("seq", "RANGE")] },
].map(({ TableName, KeySchema }) => ({
  TableName,
  KeySchema,
  AttributeDefinitions: KeySchema.map(({ AttributeName }) => ({
    AttributeName,
    AttributeType: AttributeName === "seq" ? ("N" as const) : ("S" as const),
  })),
  BillingMode: "PAY_PER_REQUEST" as const,
}));

/** Opens the three tables in dynalite, which evaluates DynamoDB expressions, over HTTP and in memory. */
export async function openTables(): Promise<{ client: DynamoDBClient; close(): Promise<void> }> {
  const server = dynalite({ createTableMs: 0 });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const { port } = server.address() as AddressInfo;
  const client = new DynamoDBClient({
    endpoint: `http://127.0.0.1:${port}`,
    region: "us-east-1",
    credentials: { accessKeyId: "test", secretAccessKey: "test" },
  });
  for (const definition of tableDefinitions) await client.send(new CreateTableCommand(definition));
  return {
    client,
    close: async () => {
      client.destroy();
      await new Promise<void>((done) => server.close(() => done()));
    },
  };
}

/** All rows of a table as JSON values, sorted, so that two snapshots can be compared. */
export async function rowsOf(
  client: Pick<DynamoDBClient, "send">,
  TableName: string,
): Promise<Record<string, unknown>[]> {
  const { Items = [] } = await client.send(new ScanCommand({ TableName, ConsistentRead: true }));
  const text = (row: unknown) => JSON.stringify(row, (_, value) => (value instanceof Set ? [...value].sort() : value));
  return Items.map((item) => text(unmarshall(item)))
    .sort()
    .map((row) => JSON.parse(row));
}

/** Limits a page of a query or scan to this many rows; DynamoDB ends a page after 1 MB. */
export function inPagesOf(rows: number, client: Pick<DynamoDBClient, "send">): Pick<DynamoDBClient, "send"> {
  const send = (command: QueryCommand | ScanCommand) => {
    if (command instanceof QueryCommand || command instanceof ScanCommand) command.input.Limit = rows;
    return client.send(command as QueryCommand);
  };
  return { send: send as DynamoDBClient["send"] };
}
