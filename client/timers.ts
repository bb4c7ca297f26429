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
export class Timers<Name> {
  readonly #clock: Clock;
  readonly #onElapsed: (name: Name, lateMs: number) => void;
  readonly #running = new Map<Name, unknown>();

  constructor(clock: Clock, onElapsed: (name: Name, lateMs: number) => void) {
    this.#clock = clock;
    this.#onElapsed = onElapsed;
  }

  start(name: Name, ms: number): void {
    this.stop(name);
    const dueAt = this.#clock.now() + ms;
    const elapsed = () => {
      this.#running.delete(name);
      this.#onElapsed(name, this.#clock.now() - dueAt);
    };
    this.#running.set(name, this.#clock.setTimeout(elapsed, ms));
  }

  stop(name: Name): void {
    this.#clock.clearTimeout(this.#running.get(name));
    this.#running.delete(name);
  }

  stopAll(): void {
    for (const name of [...this.#running.keys()]) this.stop(name);
  }
}
