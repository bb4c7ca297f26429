/** A row that is a horizontal line. It ends before the last column. */
export const rule = "rule";

export interface TableOptions {
  /** Spaces before each line. Default: 0. */
  indent?: number;
  /** Number of columns that are aligned to the left. Default: 1. */
  leftColumns?: number;
  /** Whether the last column is aligned to the left, too. Default: false. */
  isLastLeft?: boolean;
}

/**
 * The lines of a table for a terminal. Columns are as wide as their longest cell. The first column is aligned to the left,
 * the others to the right.
 *
 * @param head titles of the columns; without titles the table has no head
 */
export function table(
  head: readonly string[],
  rows: readonly (readonly string[] | typeof rule)[],
  { indent = 0, leftColumns = 1, isLastLeft = false }: TableOptions = {},
): string[] {
  const cells = [head, ...rows.filter((row) => row !== rule)];
  const count = Math.max(...cells.map((row) => row.length));
  const widths = Array.from({ length: count }, (_, i) => Math.max(...cells.map((row) => (row[i] ?? "").length)));
  const isLeft = (i: number) => i < leftColumns || (isLastLeft && i === count - 1);
  const aligned = (cell: string, i: number) =>
    isLeft(i) ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0);
  const line = (row: readonly string[]) => `${" ".repeat(indent)}${row.map(aligned).join("  ")}`.trimEnd();
  const ruled = widths.slice(0, isLastLeft ? -1 : count).reduce((sum, width) => sum + width + 2, -2);
  return [
    ...(head.length > 0 ? [line(head)] : []),
    ...rows.map((row) => (row === rule ? `${" ".repeat(indent)}${"─".repeat(ruled)}` : line(row))),
  ];
}
