import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { docTables } from "../../../cli/estimate/doc-tables.ts";
import { docsOf } from "../../../cli/estimate/write-docs.ts";

const folder = join(import.meta.dirname, "../../../docs");
const files = docsOf(folder);
const page = files.get("scaling.md") ?? "";

test.each([...files.keys()])("docs/%s is as npm run estimate -- --docs docs writes it", (name) => {
  expect(readFileSync(join(folder, name), "utf8")).toBe(files.get(name));
});

test("the page shows every table and every plot", () => {
  const shown = [...page.matchAll(/<!-- table: (\w+) -->/g)].map(([, name]) => name);
  expect(shown.toSorted()).toEqual(Object.keys(docTables).toSorted());
  for (const plot of [...files.keys()].filter((name) => name.endsWith(".svg"))) expect(page).toContain(`](${plot})`);
});

test("a folder without the page is refused", () => {
  expect(() => docsOf("cli")).toThrow("--docs should be a folder that holds scaling.md, got cli");
});
