import { countOperations } from "../../test/budgets/count-operations.ts";
import { keepOperations } from "./operations.ts";
import { tablesOf } from "./print.ts";

/** What each operation takes and costs, as text; the counts are kept for `npm run estimate`. The process then ends with 1 if a budget is broken. */
export async function delivery(): Promise<string> {
  const { rows, storm } = await countOperations();
  keepOperations(rows);
  if (!storm.isKept || rows.some(({ budget }) => budget?.isKept === false)) process.exitCode = 1;
  return ["```", tablesOf(rows, storm), "```"].join("\n");
}
