import { mkdirSync } from "node:fs";
import { createRequire } from "node:module";
import type { AddressInfo } from "node:net";
import dynalite from "dynalite";
import { Pool } from "undici";
import type { JsonResponse } from "../http/json-response.ts";

// The LevelDB package with which dynalite opens the folder.
const requireOfDynalite = createRequire(createRequire(import.meta.url).resolve("dynalite"));

/** A server that implements the DynamoDB API. */
export interface Database {
  /** Accepts any credentials and checks no permissions. */
  url: string;
  /** @param body the operation's input as JSON text */
  request(operation: string, body: string): Promise<JsonResponse>;
  close(): Promise<void>;
}

/** Connects to a running database, such as DynamoDB Local or ScyllaDB Alternator. */
export function connectDatabase(url: string): Database {
  const pool = new Pool(url, { connections: 64 });
  return {
    url,
    request: async (operation, body) => {
      const response = await pool.request({
        path: "/",
        method: "POST",
        headers: { ...placeholderSignature, "x-amz-target": `DynamoDB_20120810.${operation}` },
        body,
      });
      return { status: response.statusCode, body: await response.body.text() };
    },
    close: () => pool.destroy(),
  };
}

// Local databases require a signature but do not verify it.
const placeholderSignature = {
  "content-type": "application/x-amz-json-1.0",
  "x-amz-date": "20250101T000000Z",
  authorization:
    "AWS4-HMAC-SHA256 Credential=local/20250101/us-east-1/dynamodb/aws4_request, SignedHeaders=host, Signature=0",
};

/**
 * Starts dynalite in this process.
 *
 * @param folder where the data are kept. @default in memory
 * @throws if another process has the folder open
 */
export async function startDatabase(folder?: string): Promise<Database> {
  if (folder !== undefined) await assertNotInUse(folder);
  const server = dynalite({ createTableMs: 0, ...(folder !== undefined && { path: folder }) });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", () => resolve()));
  const database = connectDatabase(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  // dynalite listens before it opens its data. Until the first response another process could open the folder, too.
  await database.request("ListTables", "{}");
  return {
    ...database,
    close: async () => {
      await database.close();
      // dynalite's `close` waits for keep-alive connections.
      server.closeAllConnections();
      await new Promise<void>((resolve, reject) => server.close((error) => (error ? reject(error) : resolve())));
    },
  };
}

// dynalite opens its data at the first request; if that fails, the error ends the process.
async function assertNotInUse(folder: string): Promise<void> {
  mkdirSync(folder, { recursive: true });
  const { Level } = requireOfDynalite("level") as typeof import("level");
  const data = new Level(folder);
  try {
    await data.open();
  } catch (error) {
    const { cause } = error as { cause?: { code?: string; message?: string } };
    if (cause?.code !== "LEVEL_LOCKED") throw error;
    throw new Error(`the data in ${folder} are in use; stop the other npm start, or start this one with --data memory`);
  }
  await data.close();
}
