import { countOperations } from "./delivery/count.ts";
import { tablesOf } from "./delivery/print.ts";

/** Prints what each operation takes and costs. @returns whether all budgets are kept */
export async function run(): Promise<boolean> {
  const { rows, storm } = await countOperations();
  console.log(tablesOf(rows, storm));
  return storm.isKept && rows.every(({ budget }) => budget?.isKept !== false);
}
