import { type DynamoDBClient, GetItemCommand } from "@aws-sdk/client-dynamodb";

/** One read or write of one row. */
export interface KeyUse {
  table: string;
  /** Partition key: the row's `roomId` or `connectionId`. */
  key: string;
  kind: "read" | "write";
}
type Client = Pick<DynamoDBClient, "send">;
type Command = { input: { TableName?: string; Key?: Row; Item?: Row } };
type Row = Record<string, { S?: string }>;

/** Returns a client that reports each read or write of one row before it is sent. */
export function watchKeys(client: Client, onUse: (use: KeyUse) => void): Client {
  const send = (command: Command) => {
    const { TableName: table = "", Key, Item } = command.input;
    const { roomId, connectionId } = Key ?? Item ?? {};
    const key = (roomId ?? connectionId)?.S;
    if (key !== undefined) onUse({ table, key, kind: command instanceof GetItemCommand ? "read" : "write" });
    return client.send(command as never);
  };
  return { send: send as Client["send"] };
}
