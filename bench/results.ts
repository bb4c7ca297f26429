import { readFileSync, writeFileSync } from "node:fs";
import { cpus, loadavg, totalmem } from "node:os";

const file = new URL("RESULTS.md", import.meta.url);

/** Replaces the section of a benchmark in RESULTS.md. */
export function saveResult(name: string, report: readonly string[]): void {
  const [head = "", ...sections] = readFileSync(file, "utf8").split(/^(?=## )/m);
  const others = sections.filter((section) => !section.startsWith(`## ${name}\n`));
  const section = [`## ${name}`, "", machine(), "", "```", ...report, "```"].join("\n");
  const sorted = [...others, section].map((text) => text.trim()).toSorted();
  writeFileSync(file, `${[head.trim(), ...sorted].join("\n\n")}\n`);
}

/** Date, runtime and machine of a result. */
function machine(): string {
  const [cpu] = cpus();
  const memoryGb = Math.round(totalmem() / 2 ** 30);
  const load = loadavg()[0]?.toFixed(1);
  return `${new Date().toISOString().slice(0, 10)}, Node ${process.versions.node}, ${cpus().length} × ${cpu?.model.trim()}, ${memoryGb} GB, ${process.platform} ${process.arch}, load average ${load}.`;
}
