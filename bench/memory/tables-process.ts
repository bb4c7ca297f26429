// A process with the three tables in memory. Reports its URL. Each request is a size: it fills the room of that size.
import { BatchWriteItemCommand } from "@aws-sdk/client-dynamodb";
import { marshall } from "@aws-sdk/util-dynamodb";
import { connectionExpiry } from "../../lambdas/adapters/dynamodb/expiry.ts";
import { memberKey } from "../../lambdas/adapters/dynamodb/keys.ts";
import { forEachLimited } from "../../lambdas/domain/concurrency/for-each-limited.ts";
import { openTables } from "../../test/support/tables.ts";
import { report, serve } from "../child.ts";
import { generatedMembers, roomOf } from "./members.ts";

const batchRows = 25;
const batchConcurrency = 8;

const { client } = await openTables();

serve(async (size: number) => {
  await forEachLimited(generatedMembers(size, undefined, batchRows), batchConcurrency, async (members) => {
    const rows = members.map(({ session, ...member }) => ({
      ...memberKey(roomOf(size), session),
      ...member,
      expiresAt: connectionExpiry(Date.now()),
    }));
    const Rooms = rows.map((row) => ({ PutRequest: { Item: marshall(row) } }));
    await client.send(new BatchWriteItemCommand({ RequestItems: { Rooms } }));
  });
  return "filled";
});
const { protocol, hostname, port } = (await client.config.endpoint?.()) ?? {};
report(`${protocol}//${hostname}:${port}`);
