import type { Random } from "./random.ts";
import { wholeOf } from "./random.ts";

/** A token bucket as AWS has them: so many a second, and so many at once. */
export class Bucket {
  readonly rate: number;
  readonly burst: number;
  tokens: number;

  constructor(rate: number, burst: number) {
    this.rate = rate;
    this.burst = burst;
    this.tokens = burst;
  }

  pass(seconds: number): void {
    this.tokens = Math.min(this.burst, this.tokens + this.rate * seconds);
  }

  /** @returns how many of those wanted are granted */
  take(wanted: number): number {
    const granted = Math.min(wanted, Math.floor(this.tokens));
    this.tokens -= granted;
    return granted;
  }

  /**
   * Requests that come in the same moment have the same chance.
   *
   * @returns how many of each are granted
   */
  share(wanted: readonly number[], random: Random): number[] {
    let left = wanted.reduce((sum, count) => sum + count, 0);
    let tokens = this.take(left);
    return wanted.map((count) => {
      const granted = left === 0 ? 0 : Math.min(count, tokens, wholeOf((count * tokens) / left, random));
      left -= count;
      tokens -= granted;
      // What rounding took from some must not be more than the others can use.
      if (tokens <= left) return granted;
      const more = Math.min(count - granted, tokens - left);
      tokens -= more;
      return granted + more;
    });
  }
}
