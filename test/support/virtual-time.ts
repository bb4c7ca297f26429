import { setImmediate as nextTurn } from "node:timers/promises";

interface ReadPending {
  atMs: number;
  order: number;
  wake: () => void;
}

/** Time that passes only while nothing happens: whoever waits is woken in order, as fast as the machine can. */
export class VirtualTime {
  nowMs: number;
  private readonly waiting: ReadPending[] = [];
  private orders = 0;
  private underWay = 0;

  constructor(nowMs: number) {
    this.nowMs = nowMs;
  }

  wait = (ms: number): Promise<void> =>
    new Promise((wake) => {
      this.orders += 1;
      this.insert({ atMs: this.nowMs + Math.ceil(Math.max(0, ms)), order: this.orders, wake });
    });

  /** Work of the real machine, such as a call to a table, during which no time passes. */
  during = async <T>(work: () => Promise<T>): Promise<T> => {
    this.underWay += 1;
    try {
      return await work();
    } finally {
      this.underWay -= 1;
    }
  };

  /** Lets time pass until then, or until nobody waits any more. */
  async runUntil(endMs: number): Promise<void> {
    for (;;) {
      await this.clear();
      const next = this.waiting[0];
      if (!next || next.atMs > endMs) break;
      this.nowMs = Math.max(this.nowMs, next.atMs);
      while (this.waiting[0] && this.waiting[0].atMs <= this.nowMs) this.waiting.shift()?.wake();
    }
    this.nowMs = Math.max(this.nowMs, endMs);
  }

  /** Until all that can happen now has happened: two turns of the loop in which nothing was under way. */
  private async clear(): Promise<void> {
    for (let quiet = 0; quiet < 2; ) {
      await nextTurn();
      quiet = this.underWay === 0 ? quiet + 1 : 0;
    }
  }

  private insert(one: ReadPending): void {
    let low = 0;
    for (let high = this.waiting.length; low < high; ) {
      const middle = (low + high) >> 1;
      const other = this.waiting[middle];
      if (other && (other.atMs < one.atMs || (other.atMs === one.atMs && other.order < one.order))) low = middle + 1;
      else high = middle;
    }
    this.waiting.splice(low, 0, one);
  }
}
