import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, resolve } from "node:path";

/** The URLs and keys of a running local runtime. */
export interface Endpoints {
  webSocketUrl: string;
  restUrl: string;
  consoleUrl: string;
  apiKey: string;
  /** A token of the subject `demo`, which may log in and publish to all rooms. Valid for 30 days. */
  token: string;
  /** Signs tokens (HS256). */
  tokenSecret: string;
}

// npm runs scripts in the project folder.
const file = resolve(".local/endpoints.json");
const textOf = (endpoints: Endpoints) => `${JSON.stringify(endpoints, undefined, 2)}\n`;

/**
 * Writes `.local/endpoints.json` for other programs of this user. Replaces the file of a runtime that started earlier.
 */
export function writeEndpoints(endpoints: Endpoints): void {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, textOf(endpoints), { mode: 0o600 });
}

/** Removes `.local/endpoints.json`, unless it is missing or another runtime has replaced it. */
export function removeEndpoints(endpoints: Endpoints): void {
  try {
    if (readFileSync(file, "utf8") === textOf(endpoints)) rmSync(file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
  }
}
