/** How many of something happen in which of the next ticks. */
export class Later {
  private readonly counts: number[];
  private at = 0;
  total = 0;

  /** @param ticks the farthest that anything can be ahead */
  constructor(ticks: number) {
    this.counts = new Array(ticks + 1).fill(0);
  }

  /** @param inTicks from 1 on */
  add(inTicks: number, count: number): void {
    const ahead = Math.min(Math.max(1, Math.round(inTicks)), this.counts.length - 1);
    const index = (this.at + ahead) % this.counts.length;
    this.counts[index] = (this.counts[index] ?? 0) + count;
    this.total += count;
  }

  /** One tick passes. @returns how many are due in it */
  next(): number {
    this.at = (this.at + 1) % this.counts.length;
    const due = this.counts[this.at] ?? 0;
    this.counts[this.at] = 0;
    this.total -= due;
    return due;
  }
}
