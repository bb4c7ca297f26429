import type { Clock } from "../platform/clock.ts";

/** Timers by name. */
export interface Timers {
  /**
   * Starts a timer. Replaces a running timer of that name.
   *
   * @param run receives how late the timer is, in ms: many if the device slept
   */
  start(name: string, ms: number, run: (lateMs: number) => void): void;
  stop(name: string): void;
  stopAll(): void;
}

export function makeTimers(clock: Clock): Timers {
  const running = new Map<string, unknown>();
  const stop = (name: string) => {
    clock.clearTimeout(running.get(name));
    running.delete(name);
  };
  return {
    start(name, ms, run) {
      stop(name);
      const dueAt = clock.now() + ms;
      const elapsed = () => {
        running.delete(name);
        run(clock.now() - dueAt);
      };
      running.set(name, clock.setTimeout(elapsed, ms));
    },
    stop,
    stopAll() {
      for (const name of running.keys()) stop(name);
    },
  };
}
