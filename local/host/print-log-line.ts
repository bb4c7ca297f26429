import { styleText } from "node:util";
import type { LogLine } from "../world/logs.ts";

/** Prints a log line after the name of its source. */
export function printLogLine({ source, text }: LogLine): void {
  // Without the hash of eight characters that the CDK appends to logical ids.
  const name = source.replace(/[0-9A-F]{8}$/, "");
  process.stdout.write(`  ${styleText("dim", name)}  ${text}\n`);
}
