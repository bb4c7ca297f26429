/** Counts of events that are due in future ticks. */
export class DelayLine {
  private readonly counts: number[];
  private at = 0;

  /** @param ticks the longest delay */
  constructor(ticks: number) {
    this.counts = new Array(ticks + 1).fill(0);
  }

  /** @param inTicks the delay, 1 or more */
  add(inTicks: number, count: number): void {
    const ahead = Math.min(Math.max(1, Math.round(inTicks)), this.counts.length - 1);
    const index = (this.at + ahead) % this.counts.length;
    this.counts[index] = (this.counts[index] ?? 0) + count;
  }

  /** Advances by one tick. @returns the number of events due in it */
  next(): number {
    this.at = (this.at + 1) % this.counts.length;
    const due = this.counts[this.at] ?? 0;
    this.counts[this.at] = 0;
    return due;
  }
}
