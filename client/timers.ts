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
export class Timers {
  readonly #clock: Clock;
  readonly #running = new Map<string, unknown>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  start(name: string, ms: number, run: (lateMs: number) => void): void {
    this.stop(name);
    const dueAt = this.#clock.now() + ms;
    const elapsed = () => {
      this.#running.delete(name);
      run(this.#clock.now() - dueAt);
    };
    this.#running.set(name, this.#clock.setTimeout(elapsed, ms));
  }

  stop(name: string): void {
    this.#clock.clearTimeout(this.#running.get(name));
    this.#running.delete(name);
  }

  stopAll(): void {
    for (const id of this.#running.values()) this.#clock.clearTimeout(id);
    this.#running.clear();
  }
}
