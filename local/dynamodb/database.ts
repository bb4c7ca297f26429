import { mkdirSync } from "node:fs";
import { createRequire } from "node:module";
import type { AddressInfo } from "node:net";
import dynalite from "dynalite";
import { Pool } from "undici";
import type { Answer } from "../http/json-response.ts";

// The very LevelDB that dynalite opens the folder with.
const requireOfDynalite = createRequire(createRequire(import.meta.url).resolve("dynalite"));

/** Whatever speaks DynamoDB's protocol. */
export interface Database {
  /** Takes requests of any key, without asking a role. */
  url: string;
  /** @param body JSON of the operation's input */
  request(operation: string, body: string): Promise<Answer>;
  close(): Promise<void>;
}

/** Connects to a database that runs already: DynamoDB Local, ScyllaDB Alternator. */
export function connectDatabase(url: string): Database {
  const pool = new Pool(url, { connections: 64 });
  return {
    url,
    request: async (operation, body) => {
      const { statusCode, body: answer } = await pool.request({
        path: "/",
        method: "POST",
        headers: { ...signed, "x-amz-target": `DynamoDB_20120810.${operation}` },
        body,
      });
      return { status: statusCode, body: await answer.text() };
    },
    close: () => pool.destroy(),
  };
}

// Local databases want to see a signature, but do not check it.
const signed = {
  "content-type": "application/x-amz-json-1.0",
  "x-amz-date": "20250101T000000Z",
  authorization:
    "AWS4-HMAC-SHA256 Credential=local/20250101/us-east-1/dynamodb/aws4_request, SignedHeaders=host, Signature=0",
};

/**
 * Starts dynalite in this process.
 *
 * @param folder keeps the data; without it they are gone with the process
 * @throws if another process has the folder open
 */
export async function startDatabase(folder?: string): Promise<Database> {
  if (folder !== undefined) await refuseIfInUse(folder);
  const server = dynalite({ createTableMs: 0, ...(folder !== undefined && { path: folder }) });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", () => resolve()));
  const database = connectDatabase(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  // dynalite listens before it has opened its data, and until then another process would not find them in use.
  await database.request("ListTables", "{}");
  return {
    ...database,
    close: async () => {
      await database.close();
      // dynalite would wait for clients that keep their connection open.
      server.closeAllConnections();
      await new Promise<void>((resolve, reject) => server.close((error) => (error ? reject(error) : resolve())));
    },
  };
}

// dynalite notices only at the first request that its data could not be opened, and then takes the process with it.
async function refuseIfInUse(folder: string): Promise<void> {
  mkdirSync(folder, { recursive: true });
  const { Level } = requireOfDynalite("level") as typeof import("level");
  const data = new Level(folder);
  try {
    await data.open();
  } catch (error) {
    const { cause } = error as { cause?: { code?: string; message?: string } };
    if (cause?.code !== "LEVEL_LOCKED") throw error;
    throw new Error(`the data in ${folder} are in use; stop the other npm start, or give this one --data memory`);
  }
  await data.close();
}
