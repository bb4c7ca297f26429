// A process that starts one bundle, as a cold execution environment does. Reports a `Start`.
import { readInput, report } from "../child.ts";

export interface StartInput {
  /** URL of the bundle. */
  bundle: string;
  /** Event of the handler's first call; absent for a bundle without a handler. */
  event?: object;
}

export interface Start {
  importMs: number;
  /** Time of the handler's first call, 0 without a handler. */
  callMs: number;
}

const { bundle, event } = readInput<StartInput>();
const startMs = performance.now();
const { handler } = await import(bundle);
const importedMs = performance.now();
// A failed call would take another path through the code, so it ends the benchmark.
if (event) assertSuccess(await handler(event));
report({ importMs: importedMs - startMs, callMs: event ? performance.now() - importedMs : 0 } satisfies Start);

function assertSuccess(result: { statusCode?: number; batchItemFailures?: unknown[] }) {
  const { statusCode = 200, batchItemFailures = [] } = result;
  if (statusCode >= 400 || batchItemFailures.length > 0) throw new Error(`a call failed: ${JSON.stringify(result)}`);
}
