import type { AddressInfo } from "node:net";
import { CreateTableCommand, DynamoDBClient } from "@aws-sdk/client-dynamodb";
import dynalite from "dynalite";

const key = (AttributeName: string, KeyType: "HASH" | "RANGE") => ({ AttributeName, KeyType });
const definitions = [
  { TableName: "Connections", KeySchema: [key("connectionId", "HASH")] },
  { TableName: "Rooms", KeySchema: [key("roomId", "HASH"), key("item", "RANGE")] },
  { TableName: "Messages", KeySchema: [key("roomId", "HASH"), key("seq", "RANGE")] },
];

/** The three tables in an evaluator of real DynamoDB expressions, in memory. */
export async function openTables(): Promise<{ client: DynamoDBClient; close(): Promise<void> }> {
  const server = dynalite({ createTableMs: 0 });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const { port } = server.address() as AddressInfo;
  const client = new DynamoDBClient({
    endpoint: `http://127.0.0.1:${port}`,
    region: "us-east-1",
    credentials: { accessKeyId: "test", secretAccessKey: "test" },
  });
  for (const { TableName, KeySchema } of definitions) {
    const AttributeDefinitions = KeySchema.map(({ AttributeName }) => ({
      AttributeName,
      AttributeType: AttributeName === "seq" ? ("N" as const) : ("S" as const),
    }));
    const BillingMode = "PAY_PER_REQUEST" as const;
    await client.send(new CreateTableCommand({ TableName, KeySchema, AttributeDefinitions, BillingMode }));
  }
  return {
    client,
    close: async () => {
      client.destroy();
      await new Promise<void>((done) => server.close(() => done()));
    },
  };
}
