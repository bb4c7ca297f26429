/** The clock that the client lives by. */
export interface Clock {
  /** Milliseconds since 1970. */
  now(): number;
  setTimeout(run: () => void, ms: number): unknown;
  clearTimeout(id: unknown): void;
}

export const systemClock: Clock = {
  now: () => Date.now(),
  setTimeout: (run, ms) => setTimeout(run, ms),
  clearTimeout: (id) => clearTimeout(id as number),
};

/** Timers by name: starting one again replaces it. */
export interface Timers {
  /** @param run is told how many ms too late it comes */
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
