// A process that starts one bundle, as a cold environment does. Arguments: the bundle's file, and the event as JSON if it
// has a handler. Prints what that took.
import { pathToFileURL } from "node:url";

export interface Start {
  importMs: number;
  /** Of the first call of the handler, up to its answer. */
  callMs: number;
}

const [file = "", event] = process.argv.slice(2);
const from = performance.now();
const { handler } = await import(pathToFileURL(file).href);
const imported = performance.now();
// One that fails ends the benchmark: an error is another way through the code.
if (event) assertDone(await handler(JSON.parse(event)));
const start: Start = { importMs: imported - from, callMs: event ? performance.now() - imported : 0 };
process.stdout.write(JSON.stringify(start), () => process.exit());

function assertDone(result: { statusCode?: number; batchItemFailures?: unknown[] }) {
  const { statusCode = 200, batchItemFailures = [] } = result;
  if (statusCode >= 400 || batchItemFailures.length > 0) throw new Error(`it failed: ${JSON.stringify(result)}`);
}
