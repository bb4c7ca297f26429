import { countOperations } from "./count.ts";
import { tablesOf } from "./print.ts";

/** What each operation takes and costs, as text. The process then ends with 1 if a budget is broken. */
export async function delivery(): Promise<string> {
  const { rows, storm } = await countOperations();
  if (!storm.isKept || rows.some(({ budget }) => budget?.isKept === false)) process.exitCode = 1;
  return ["```", tablesOf(rows, storm), "```"].join("\n");
}
