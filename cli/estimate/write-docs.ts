import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { withTables } from "./doc-tables.ts";
import { svgOf } from "./plots/chart.ts";
import { plots } from "./plots/plots.ts";

const page = "scaling.md";

/** @returns the files of a folder that holds scaling.md, as they should be: the page's tables and its plots */
export function docsOf(folder: string): Map<string, string> {
  const path = join(folder, page);
  if (!existsSync(path)) {
    throw new Error(`--docs should be a folder that holds ${page}, got ${folder}; it is docs in this project`);
  }
  const files = Object.entries(plots).map(([name, chart]): [string, string] => [name, svgOf(chart())]);
  return new Map([[page, withTables(readFileSync(path, "utf8"))], ...files]);
}

/** Writes them. @returns what was written, for people */
export function writeDocs(folder: string): string {
  const files = docsOf(folder);
  for (const [name, text] of files) writeFileSync(join(folder, name), text);
  return `wrote ${[...files.keys()].map((name) => join(folder, name)).join(", ")}`;
}
