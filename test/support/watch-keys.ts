import { type DynamoDBClient, GetItemCommand } from "@aws-sdk/client-dynamodb";

/** Calls for one row. */
export interface KeyUse {
  table: string;
  /** What decides about the partition: the row's `roomId`, or its `connectionId`. */
  key: string;
  kind: "read" | "write";
}
type Client = Pick<DynamoDBClient, "send">;
type Command = { input: { TableName?: string; Key?: Row; Item?: Row } };
type Row = Record<string, { S?: string }>;

/** The client, and whoever reads or writes one row by it is told of first. */
export function watchKeys(client: Client, onOutcome: (use: KeyUse) => void): Client {
  const send = (command: Command) => {
    const { TableName: table = "", Key, Item } = command.input;
    const { roomId, connectionId } = Key ?? Item ?? {};
    const key = (roomId ?? connectionId)?.S;
    if (key !== undefined) onOutcome({ table, key, kind: command instanceof GetItemCommand ? "read" : "write" });
    return client.send(command as never);
  };
  return { send: send as Client["send"] };
}
