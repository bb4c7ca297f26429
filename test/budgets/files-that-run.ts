import { type Profiler, Session } from "node:inspector/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const root = `${pathToFileURL(join(import.meta.dirname, "../.."))}/`;

/** @returns the files of lambdas/ and protocol/ of which a function runs during `work`, in alphabetical order */
export async function filesThatRun(work: () => Promise<unknown>): Promise<string[]> {
  const session = new Session();
  session.connect();
  await session.post("Profiler.enable");
  await session.post("Profiler.startPreciseCoverage", { callCount: true, detailed: false });
  await work();
  const { result } = await session.post("Profiler.takePreciseCoverage");
  session.disconnect();
  const hasRun = ({ functions }: Profiler.ScriptCoverage) =>
    functions.some(({ ranges }) => (ranges[0]?.count ?? 0) > 0);
  return result
    .filter(hasRun)
    .filter(({ url }) => url.startsWith(`${root}lambdas/`) || url.startsWith(`${root}protocol/`))
    .map(({ url }) => url.slice(root.length))
    .toSorted();
}
