import type * as fc from "fast-check";
import type { Turn } from "./harness.ts";

/** Calls of the adapters happen one after the other, in an order that the schedule chooses. */
export function scheduledCalls(schedule: fc.Scheduler): Turn {
  let last: Promise<unknown> = Promise.resolve();
  return async (work) => {
    const done: Awaited<ReturnType<typeof work>>[] = [];
    // What the call came to is nothing that a report of the schedule has to tell.
    await schedule.scheduleFunction(async () => {
      const turn = last.then(work);
      last = turn.catch(() => {});
      done.push(await turn);
    })();
    return done[0] as Awaited<ReturnType<typeof work>>;
  };
}
