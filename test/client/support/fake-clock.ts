import type { Clock } from "../../../client/index.ts";

/** Lets everything happen that needs no time. */
export const settled = () => new Promise<void>((resolve) => setImmediate(resolve));

/** Time that stands still until a test moves it. */
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

  /** How many timers run. */
  get running(): number {
    return this.#timers.size;
  }

  /** Runs every timer that is due within the next `ms`, each in its moment. */
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

  /** Somebody sets the computer's clock: timers run as before. */
  set(now: number): void {
    for (const timer of this.#timers.values()) timer.dueAt += now - this.#now;
    this.#now = now;
  }

  /** The computer sleeps: time passes, but no timer runs before it wakes up. */
  async sleep(ms: number): Promise<void> {
    this.#now += ms;
    await this.advance(0);
  }

  #next(end: number) {
    const due = [...this.#timers].filter(([, { dueAt }]) => dueAt <= end);
    return due.sort(([, a], [, b]) => a.dueAt - b.dueAt)[0];
  }
}
