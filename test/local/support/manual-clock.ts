import type { Clock } from "../../../local/world/clock.ts";

/** A clock that stands still until a test moves it. */
export interface ManualClock extends Clock {
  /** Moves the time and runs the timers that become due, in order. */
  advance(byMs: number): void;
}

export function manualClock(startMs = Date.UTC(2024, 1, 9, 18, 11, 43, 419)): ManualClock {
  let now = startMs;
  let lastHandle = 0;
  const timers = new Map<number, { at: number; run: () => void }>();
  return {
    now: () => now,
    setTimeout: (run, delayMs) => {
      lastHandle += 1;
      timers.set(lastHandle, { at: now + delayMs, run });
      return lastHandle;
    },
    clearTimeout: (handle) => {
      timers.delete(handle as number);
    },
    advance: (byMs) => {
      const end = now + byMs;
      for (;;) {
        const [due] = [...timers].filter(([, { at }]) => at <= end).sort(([, a], [, b]) => a.at - b.at);
        if (!due) break;
        const [handle, { at, run }] = due;
        timers.delete(handle);
        now = at;
        run();
      }
      now = end;
    },
  };
}
