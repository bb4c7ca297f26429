import { writeFileSync } from "node:fs";
import type { Usage } from "../../cli/estimate/usage.ts";
import type { Row } from "../../test/budgets/count-operations.ts";

const file = new URL("../../cli/estimate/operations.json", import.meta.url);

/** What each operation used, by name. */
export const operationsOf = (rows: readonly Row[]): Record<string, Usage> =>
  Object.fromEntries(rows.map(({ name, usage }) => [name, usage]));

/** Writes the counts that the estimate reads. */
export function keepOperations(rows: readonly Row[]): void {
  writeFileSync(file, `${JSON.stringify(operationsOf(rows), null, 2)}\n`);
}
