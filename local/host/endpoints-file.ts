import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, resolve } from "node:path";

/** What a caller needs to know. */
export interface Endpoints {
  webSocketUrl: string;
  restUrl: string;
  consoleUrl: string;
  apiKey: string;
  /** Of a subject `demo` that may do everything. */
  token: string;
  tokenSecret: string;
}

// npm runs scripts in the project's folder.
const file = resolve(".local/endpoints.json");
const textOf = (endpoints: Endpoints) => `${JSON.stringify(endpoints, undefined, 2)}\n`;

/** Tells other programs of this user where the runtime is. The one that started last is told of. */
export function writeEndpoints(endpoints: Endpoints): void {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, textOf(endpoints), { mode: 0o600 });
}

/** Unless another runtime has written its own since. */
export function removeEndpoints(endpoints: Endpoints): void {
  try {
    if (readFileSync(file, "utf8") === textOf(endpoints)) rmSync(file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
  }
}
