import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import type { Local, LocalOptions } from "../../local/host/runtime.ts";
import type { RunningTarget } from "../conformance/target.ts";
import { startStack } from "../support/start-stack.ts";
import { rowsOf } from "../support/tables.ts";

export type LocalTarget = Local & RunningTarget & Required<Pick<RunningTarget, "rows">>;

/** Starts the local stack as a target of the conformance tests, with access to its tables. */
export async function startTarget(
  options: Omit<LocalOptions, "assembly" | "data" | "port"> = {},
): Promise<LocalTarget> {
  const local = await startStack(options);
  const { databaseUrl, stack, close } = local;
  const database = new DynamoDBClient({
    endpoint: databaseUrl,
    region: stack.region,
    credentials: { accessKeyId: "test", secretAccessKey: "test" },
  });
  const tables = stack.ofType("AWS::DynamoDB::Table").map(({ logicalId }) => stack.physicalId(logicalId));
  return {
    ...local,
    rows: () => Promise.all(tables.map((name) => rowsOf(database, name))),
    close: async () => {
      database.destroy();
      await close();
    },
  };
}
