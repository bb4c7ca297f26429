import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { withTables } from "./doc-tables.ts";
import { svgOf } from "./plots/chart.ts";
import { plots } from "./plots/plots.ts";

const page = "scaling.md";

/** @returns the generated files of the folder with scaling.md: the page with its tables, and the plots */
export function docsOf(folder: string): Map<string, string> {
  const path = join(folder, page);
  if (!existsSync(path)) {
    throw new Error(`--docs should be a folder that holds ${page}, got ${folder}; in this project: docs`);
  }
  const files = Object.entries(plots).map(([name, chart]): [string, string] => [name, svgOf(chart())]);
  return new Map([[page, withTables(readFileSync(path, "utf8"))], ...files]);
}

/** Writes the generated files. @returns a message that names them */
export function writeDocs(folder: string): string {
  const files = docsOf(folder);
  for (const [name, text] of files) writeFileSync(join(folder, name), text);
  return `wrote ${[...files.keys()].map((name) => join(folder, name)).join(", ")}`;
}
