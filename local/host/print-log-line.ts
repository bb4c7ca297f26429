import { styleText } from "node:util";
import type { LogLine } from "../world/logs.ts";

/** Shows a line on the terminal, with who printed it in front. */
export function printLogLine({ source, text }: LogLine): void {
  // Without the eight characters that the CDK appends.
  const name = source.replace(/[0-9A-F]{8}$/, "");
  process.stdout.write(`  ${styleText("dim", name)}  ${text}\n`);
}
