import { setImmediate as nextLoop } from "node:timers/promises";

interface Sleeper {
  atMs: number;
  order: number;
  wake: () => void;
}

/** A clock that jumps to the next waiting call as soon as no work is left, so that simulated hours take seconds. */
export class VirtualTime {
  nowMs: number;
  private readonly sleepers: Sleeper[] = [];
  private inserted = 0;
  private running = 0;

  constructor(nowMs: number) {
    this.nowMs = nowMs;
  }

  wait = (ms: number): Promise<void> =>
    new Promise((wake) => {
      this.inserted += 1;
      this.insert({ atMs: this.nowMs + Math.ceil(Math.max(0, ms)), order: this.inserted, wake });
    });

  /** Runs real work, such as a call to a table, during which no virtual time passes. */
  during = async <T>(work: () => Promise<T>): Promise<T> => {
    this.running += 1;
    try {
      return await work();
    } finally {
      this.running -= 1;
    }
  };

  /** Advances the clock to `endMs`, and wakes the calls of `wait` that are due until then, in order. */
  async runUntil(endMs: number): Promise<void> {
    for (;;) {
      await this.finishWork();
      const next = this.sleepers[0];
      if (!next || next.atMs > endMs) break;
      this.nowMs = Math.max(this.nowMs, next.atMs);
      while (this.sleepers[0] && this.sleepers[0].atMs <= this.nowMs) this.sleepers.shift()?.wake();
    }
    this.nowMs = Math.max(this.nowMs, endMs);
  }

  /** Resolves after two iterations of the event loop without running work. */
  private async finishWork(): Promise<void> {
    for (let idleLoops = 0; idleLoops < 2; ) {
      await nextLoop();
      idleLoops = this.running === 0 ? idleLoops + 1 : 0;
    }
  }

  private insert(sleeper: Sleeper): void {
    let low = 0;
    for (let high = this.sleepers.length; low < high; ) {
      const middle = (low + high) >> 1;
      const other = this.sleepers[middle];
      if (other && (other.atMs < sleeper.atMs || (other.atMs === sleeper.atMs && other.order < sleeper.order)))
        low = middle + 1;
      else high = middle;
    }
    this.sleepers.splice(low, 0, sleeper);
  }
}
