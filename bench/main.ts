import { helpText, readArguments, type Wanted } from "./arguments.ts";
import { delivery } from "./delivery/delivery.ts";
import { burst } from "./coalescing/coalescing.ts";
import { coldStarts } from "./cold-starts/cold-starts.ts";
import { memory } from "./memory/memory.ts";
import { posts } from "./posts/posts.ts";
import { way } from "./end-to-end/end-to-end.ts";
import { keepResult } from "./results.ts";

/** A name before a slash stands for all that begin with it. */
const benchmarks: Record<string, () => Promise<string>> = {
  delivery,
  "fan-out/posts": posts,
  "fan-out/cold-starts": coldStarts,
  "fan-out/memory": memory,
  "fan-out/way": way,
  "fan-out/burst": burst,
};

const all = Object.keys(benchmarks);
const wanted = read();
if (wanted?.kind === "help") console.log(helpText(all));
for (const name of wanted?.kind === "run" ? wanted.names : []) {
  const report = (await benchmarks[name]?.()) ?? "";
  console.log(report);
  keepResult(name, report);
}

function read(): Wanted | undefined {
  try {
    return readArguments(process.argv.slice(2), all);
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 2;
    return undefined;
  }
}
