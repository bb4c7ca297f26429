/** A logarithmic axis. */
export interface Scale {
  /** Position of a value in pixels. */
  at(value: number): number;
  /** Values with a grid line and a label. */
  ticks: number[];
}

/**
 * @param from and `to` powers of ten
 * @param wanted values to label; default: the powers of ten
 */
export function logScale(
  [from, to]: [from: number, to: number],
  [start, end]: [start: number, end: number],
  wanted?: readonly number[],
): Scale {
  const [low, high] = [Math.log10(from), Math.log10(to)];
  const powers = Array.from({ length: Math.round(high - low) + 1 }, (_, i) => 10 ** (low + i));
  const ticks = (wanted ?? powers).filter((tick) => tick >= from * 0.999 && tick <= to * 1.001);
  return { at: (value) => start + ((Math.log10(value) - low) / (high - low)) * (end - start), ticks };
}

/** The powers of ten around all values. */
export function rangeOf(values: readonly number[]): [from: number, to: number] {
  const logs = values.filter((value) => value > 0 && value < Infinity).map(Math.log10);
  return [10 ** Math.floor(Math.min(...logs) + 1e-9), 10 ** Math.ceil(Math.max(...logs) - 1e-9)];
}

/** Moves labels apart until neighbours are at least `gap` apart. The order stays. */
export function spread(wanted: readonly number[], gap: number, [min, max]: [number, number]): number[] {
  const order = wanted.map((at, i) => ({ at, i })).toSorted((a, b) => a.at - b.at);
  for (const [k, one] of order.entries()) one.at = Math.max(one.at, (order[k - 1]?.at ?? min - gap) + gap);
  // Labels beyond the end move back.
  let limit = max;
  for (const one of order.toReversed()) {
    one.at = Math.min(one.at, limit);
    limit = one.at - gap;
  }
  return order.toSorted((a, b) => a.i - b.i).map(({ at }) => at);
}
