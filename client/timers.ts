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

/** Events that happen later. Starting one again replaces it. */
export class Timers<Timer extends readonly unknown[]> {
  readonly #clock: Clock;
  readonly #onElapsed: (timer: Timer, lateMs: number) => void;
  readonly #running = new Map<string, unknown>();

  constructor(clock: Clock, onElapsed: (timer: Timer, lateMs: number) => void) {
    this.#clock = clock;
    this.#onElapsed = onElapsed;
  }

  start(timer: Timer, ms: number): void {
    this.stop(timer);
    const dueAt = this.#clock.now() + ms;
    const elapsed = () => {
      this.#running.delete(`${timer}`);
      this.#onElapsed(timer, this.#clock.now() - dueAt);
    };
    this.#running.set(`${timer}`, this.#clock.setTimeout(elapsed, ms));
  }

  stop(timer: Timer): void {
    this.#clock.clearTimeout(this.#running.get(`${timer}`));
    this.#running.delete(`${timer}`);
  }

  stopAll(): void {
    for (const id of this.#running.values()) this.#clock.clearTimeout(id);
    this.#running.clear();
  }
}
