import { createRequire } from "node:module";
import { ConditionalCheckFailedException, type DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { tableDefinitions } from "./tables.ts";

type Callback = (error: DynaliteError | null, answer: unknown) => void;
interface DynaliteError {
  statusCode?: number;
  body?: { __type: string; message?: string };
}
interface Operation {
  act(store: unknown, input: unknown, done: Callback): void;
  rules: { types: unknown; custom: unknown };
}

// Calls the parts of dynalite directly: over HTTP, thousands of histories would mostly wait for it.
const require = createRequire(import.meta.url);
const { create } = require("dynalite/db") as { create(options: object): { db: { close(done: () => void): void } } };
const validations = require("dynalite/validations") as {
  checkTypes(input: unknown, types: unknown): unknown;
  checkValidations(input: unknown, types: unknown, custom: unknown, store: unknown): void;
};
const operationOf = (name: string): Operation => ({
  act: require(`dynalite/actions/${name}`),
  rules: require(`dynalite/validations/${name}`),
});
const operations: Record<string, Operation> = Object.fromEntries(
  ["createTable", "describeTable", "getItem", "putItem", "updateItem", "deleteItem", "query", "scan"].map((name) => [
    name,
    operationOf(name),
  ]),
);

/** Opens the same tables as `openTables`, without a network. */
export async function openInMemoryTables(): Promise<{
  client: Pick<DynamoDBClient, "send">;
  close(): Promise<void>;
}> {
  const store = create({ createTableMs: 0, maxItemSizeKb: 400 });
  const run = (name: string, given: object) =>
    new Promise<unknown>((resolve, reject) => {
      const operation = operations[name];
      if (!operation) throw new Error(`${name} is not one of ${Object.keys(operations).join(", ")}`);
      const { act, rules } = operation;
      try {
        const input = validations.checkTypes(JSON.parse(JSON.stringify(given)), rules.types);
        validations.checkValidations(input, rules.types, rules.custom, store);
        // Copies, so that callers cannot change stored rows.
        act(store, input, (error, answer) =>
          error ? reject(errorOf(error)) : resolve(JSON.parse(JSON.stringify(answer))),
        );
      } catch (error) {
        reject(errorOf(error as DynaliteError));
      }
    });
  for (const { TableName, ...definition } of tableDefinitions) {
    await run("createTable", { TableName, ...definition });
    const isActive = async () => {
      const { Table } = (await run("describeTable", { TableName })) as { Table: { TableStatus: string } };
      return Table.TableStatus === "ACTIVE";
    };
    while (!(await isActive())) await new Promise<void>((done) => setImmediate(done));
  }
  const send = (command: { constructor: { name: string }; input: object }) => {
    const name = command.constructor.name.replace(/Command$/, "");
    return run(`${name.charAt(0).toLowerCase()}${name.slice(1)}`, command.input);
  };
  const close = () => new Promise<void>((done) => store.db.close(() => done()));
  return { client: { send: send as DynamoDBClient["send"] }, close };
}

function errorOf(error: DynaliteError): Error {
  if (!error.body) return error as Error;
  const { __type, message = "" } = error.body;
  if (!__type.endsWith("ConditionalCheckFailedException")) return new Error(`${__type}: ${message}`);
  return new ConditionalCheckFailedException({ message, $metadata: {} });
}
