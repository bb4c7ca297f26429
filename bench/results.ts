import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { cpus, totalmem } from "node:os";

const file = new URL("RESULTS.md", import.meta.url);
const title = "# Results\n\nWritten by `npm run bench`; what the numbers mean is in [README.md](README.md).\n";

/** Puts a benchmark's report in place of the one before. */
export function keepResult(name: string, report: string): void {
  const text = existsSync(file) ? readFileSync(file, "utf8") : title;
  const [head = "", ...sections] = text.split(/^(?=## )/m);
  const others = sections.filter((section) => !section.startsWith(`## ${name}\n`));
  const section = `## ${name}\n\n${circumstances()}\n\n${report.trim()}\n`;
  const all = [...others.map((other) => other.trim()), section.trim()].toSorted();
  writeFileSync(file, `${[head.trim(), ...all].join("\n\n")}\n`);
}

function circumstances(): string {
  const [cpu] = cpus();
  const memoryGb = Math.round(totalmem() / 2 ** 30);
  return `${new Date().toISOString().slice(0, 10)}, Node ${process.versions.node}, ${cpus().length} × ${cpu?.model.trim()}, ${memoryGb} GB, ${process.platform} ${process.arch}. Other work ran on the machine: compare rows of one run, not runs.`;
}
