// A process that starts one bundle, as a cold environment does. Arguments: the bundle's file, and the event as JSON if it
// has a handler. Prints what that took.
import { pathToFileURL } from "node:url";

export interface Start {
  importMs: number;
  /** Of the first call of the handler, up to its answer. */
  callMs: number;
}

const [file = "", event] = process.argv.slice(2);
// What the function logs is not the report.
console.error = () => {};

const from = performance.now();
const { handler } = await import(pathToFileURL(file).href);
const imported = performance.now();
// AWS answers that this is no table and no secret: some handlers say so, others throw.
if (event) await Promise.resolve(handler(JSON.parse(event))).catch(() => {});
const start: Start = { importMs: imported - from, callMs: event ? performance.now() - imported : 0 };
process.stdout.write(JSON.stringify(start), () => process.exit());
