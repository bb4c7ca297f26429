import type * as fc from "fast-check";
import type { AroundCall } from "./harness.ts";

/** Calls to the adapters run one after the other, in an order that the scheduler chooses. */
export function scheduledCalls(scheduler: fc.Scheduler): AroundCall {
  let last: Promise<unknown> = Promise.resolve();
  return async (call) => {
    const results: Awaited<ReturnType<typeof call>>[] = [];
    // The scheduled function returns nothing, so that results do not fill the scheduler's report.
    await scheduler.scheduleFunction(async () => {
      const running = last.then(call);
      last = running.catch(() => {});
      results.push(await running);
    })();
    return results[0] as Awaited<ReturnType<typeof call>>;
  };
}
