import { DynamoDBClient, QueryCommand } from "@aws-sdk/client-dynamodb";
import { marshall, unmarshall } from "@aws-sdk/util-dynamodb";
import type { Local } from "../../local/host/runtime.ts";

/** An entry of a room's log. A tombstone has no `messageId` and no `eventName`. */
export interface LoggedMessage {
  seq: number;
  messageId?: string;
  eventName?: string;
}

/** Reads the tables of the running stack. */
export interface Tables {
  log(roomId: string): Promise<LoggedMessage[]>;
  /** The rows of a room: its counters, members and cursors. */
  room(roomId: string): Promise<Record<string, unknown>[]>;
  close(): void;
}

export function openTables({ databaseUrl, stack }: Local): Tables {
  const client = new DynamoDBClient({
    endpoint: databaseUrl,
    region: stack.region,
    credentials: { accessKeyId: "test", secretAccessKey: "test" },
  });
  const tableOf = (part: string) => {
    const found = stack.ofType("AWS::DynamoDB::Table").find(({ logicalId }) => logicalId.includes(part));
    if (!found) throw new Error(`the template has no table ${part}`);
    return stack.physicalId(found.logicalId);
  };
  const messages = tableOf("Messages");
  const rooms = tableOf("Rooms");
  const query = async (TableName: string, roomId: string) => {
    const { Items = [] } = await client.send(
      new QueryCommand({
        TableName,
        KeyConditionExpression: "roomId = :roomId",
        ExpressionAttributeValues: marshall({ ":roomId": roomId }),
        ConsistentRead: true,
      }),
    );
    return Items.map((item) => unmarshall(item));
  };
  return {
    log: async (roomId) => (await query(messages, roomId)) as LoggedMessage[],
    room: (roomId) => query(rooms, roomId),
    close: () => client.destroy(),
  };
}
