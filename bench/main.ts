import { parseArgs } from "node:util";
import { delivery } from "./delivery/delivery.ts";
import { keepResult } from "./results.ts";

const { positionals } = parseArgs({ allowPositionals: true });
const benchmarks: Record<string, () => Promise<string>> = {
  delivery,
};

const names = positionals.length > 0 ? positionals : Object.keys(benchmarks);
for (const name of names) {
  const run = benchmarks[name];
  if (!run) throw new Error(`there is no benchmark ${name}; there are ${Object.keys(benchmarks).join(", ")}`);
  const report = await run();
  console.log(report);
  keepResult(name, report);
}
