import type { Random } from "./random.ts";
import { wholeOf } from "./random.ts";

/** A token bucket as in AWS's quotas: a rate and a burst. */
export class TokenBucket {
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

  /** @returns the granted number, at most `wanted` */
  take(wanted: number): number {
    const granted = Math.min(wanted, Math.floor(this.tokens));
    this.tokens -= granted;
    return granted;
  }

  /**
   * Shares the tokens among requests of the same moment, which all have the same chance.
   *
   * @returns the granted number of each kind
   */
  share(wanted: readonly number[], random: Random): number[] {
    let left = wanted.reduce((sum, count) => sum + count, 0);
    let tokens = this.take(left);
    return wanted.map((count) => {
      const granted = left === 0 ? 0 : Math.min(count, tokens, wholeOf((count * tokens) / left, random));
      left -= count;
      tokens -= granted;
      // The remaining kinds cannot use more than they want, so rounding must not leave more than that.
      if (tokens <= left) return granted;
      const more = Math.min(count - granted, tokens - left);
      tokens -= more;
      return granted + more;
    });
  }
}
