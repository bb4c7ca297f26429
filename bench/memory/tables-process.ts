// A process with the three tables, in an evaluator of real DynamoDB expressions. It tells its URL; told a number, it fills
// the room of that size and says so.
import type { AddressInfo } from "node:net";
import { BatchWriteItemCommand, CreateTableCommand, DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { marshall } from "@aws-sdk/util-dynamodb";
import dynalite from "dynalite";
import { connectionExpiry } from "../../lambdas/adapters/dynamodb/expiry.ts";
import { memberKey } from "../../lambdas/adapters/dynamodb/keys.ts";
import { forEachLimited } from "../../lambdas/domain/concurrency/for-each-limited.ts";
import { tableDefinitions } from "../../test/support/tables.ts";
import { generatedMembers, roomOf } from "./members.ts";

const batchRows = 25;
const batchesAtOnce = 8;

const server = dynalite({ createTableMs: 0 });
await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
const credentials = { accessKeyId: "test", secretAccessKey: "test" };
const client = new DynamoDBClient({ endpoint: url, region: "us-east-1", credentials });
for (const definition of tableDefinitions) await client.send(new CreateTableCommand(definition));

// It ends with the process that started it.
process.on("disconnect", () => process.exit());
process.on("message", async (size: number) => {
  const pages = generatedMembers(size, undefined, batchRows);
  await forEachLimited(pages, batchesAtOnce, async (members) => {
    const rows = members.map(({ session, ...place }) => ({
      ...memberKey(roomOf(size), session),
      ...place,
      expiresAt: connectionExpiry(Date.now()),
    }));
    const Rooms = rows.map((row) => ({ PutRequest: { Item: marshall(row) } }));
    await client.send(new BatchWriteItemCommand({ RequestItems: { Rooms } }));
  });
  process.send?.("filled");
});
process.send?.(url);
