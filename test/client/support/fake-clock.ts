import type { Clock } from "../../../client/index.ts";

/** Waits for everything that needs no time. */
export const settled = () => new Promise<void>((resolve) => setImmediate(resolve));

/** A clock that a test advances. */
export class FakeClock implements Clock {
  #now = 1_732_060_800_000;
  #lastId = 0;
  readonly #timers = new Map<number, { dueAt: number; run: () => void }>();

  now = () => this.#now;

  setTimeout = (run: () => void, ms: number): number => {
    this.#lastId += 1;
    this.#timers.set(this.#lastId, { dueAt: this.#now + ms, run });
    return this.#lastId;
  };

  clearTimeout = (id: unknown): void => {
    this.#timers.delete(id as number);
  };

  /** Number of running timers. */
  get running(): number {
    return this.#timers.size;
  }

  /** Advances the clock by `ms`, and runs each timer at its time. */
  async advance(ms: number): Promise<void> {
    const end = this.#now + ms;
    await settled();
    for (let next = this.#next(end); next; next = this.#next(end)) {
      const [id, { dueAt, run }] = next;
      this.#now = Math.max(this.#now, dueAt);
      this.#timers.delete(id);
      run();
      await settled();
    }
    this.#now = end;
  }

  /** Sets the time, as a user may set the system's clock. Timers are not affected. */
  set(now: number): void {
    for (const timer of this.#timers.values()) timer.dueAt += now - this.#now;
    this.#now = now;
  }

  /** The device sleeps: time passes, and timers run only after it. */
  async sleep(ms: number): Promise<void> {
    this.#now += ms;
    await this.advance(0);
  }

  #next(end: number) {
    const due = [...this.#timers].filter(([, { dueAt }]) => dueAt <= end);
    return due.sort(([, a], [, b]) => a.dueAt - b.dueAt)[0];
  }
}
