import { parseArgs } from "node:util";
import { delivery } from "./delivery/delivery.ts";
import { burst } from "./fan-out/burst.ts";
import { coldStarts } from "./fan-out/cold-starts.ts";
import { memory } from "./fan-out/memory.ts";
import { posts } from "./fan-out/posts.ts";
import { way } from "./fan-out/way.ts";
import { keepResult } from "./results.ts";

const { positionals } = parseArgs({ allowPositionals: true });
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
const named = (wanted: string) => all.filter((name) => name === wanted || name.startsWith(`${wanted}/`));
for (const wanted of positionals) {
  if (named(wanted).length === 0) throw new Error(`there is no benchmark ${wanted}; there are ${all.join(", ")}`);
}
for (const name of positionals.length > 0 ? positionals.flatMap(named) : all) {
  const report = (await benchmarks[name]?.()) ?? "";
  console.log(report);
  keepResult(name, report);
}
