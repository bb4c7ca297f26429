import { existsSync, globSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";

const root = join(import.meta.dirname, "../..");
const read = (file: string) => readFileSync(join(root, file), "utf8");
/** Those are compiled by `npm run types`. */
const examples = globSync("examples/*.ts", { cwd: root }).toSorted();
const pages = [
  ...["README.md", "README.zh-CN.md", "CONTRIBUTING.md", "bench/README.md"],
  ...globSync(["protocol/*.md", "docs/**/*.md"], { cwd: root }).toSorted(),
];

describe.each(["README.md", "README.zh-CN.md"])("%s", (page) => {
  const text = read(page);

  test("shows each example as it is, and no other TypeScript", () => {
    const shown = [...text.matchAll(/\]\((examples\/[^)]+)\)[^`]*```ts\n([^`]*(?:`[^`\n]+`[^`]*)*)```/g)];
    expect(text.match(/^```ts$/gm)).toHaveLength(shown.length);
    expect(shown.map(([, file]) => file).toSorted()).toEqual(examples);
    for (const [, file = "", code] of shown) expect(code).toBe(read(file));
  });

  test("shows each setting of cdk.json with its value there", () => {
    const { context }: { context: Record<string, unknown> } = JSON.parse(read("cdk.json"));
    const ticked = (cell = "") => [...cell.matchAll(/`([^`]+)`/g)].map(([, code = ""]) => code);
    const [, rows = ""] = /^\| `downlink:…`.*\n\|[-| ]+\n((?:\|.*\n)+)/m.exec(text) ?? [];
    const shown = rows.split("\n").flatMap((row) => {
      const [names, values] = row.split(" | ");
      return ticked(names).map((name, i) => [`downlink:${name}`, ticked(values)[i]] as const);
    });
    const settings = Object.entries(context).filter(([name]) => name.startsWith("downlink:"));
    const asText = (value: unknown) => (typeof value === "string" ? value : JSON.stringify(value));
    expect(Object.fromEntries(shown)).toEqual(
      Object.fromEntries(settings.map(([name, value]) => [name, asText(value)])),
    );
  });

  test("shows the same commands as the other language", () => {
    const commandsOf = (file: string) =>
      [...read(file).matchAll(/```sh\n(.*?)```/gs)].map(([, block = ""]) => block.replace(/ ?#(?! \{).*$/gm, ""));
    expect(commandsOf(page)).toEqual(commandsOf("README.md"));
  });
});

test.each(pages)("%s links to files that exist", (page) => {
  const targets = [...read(page).matchAll(/\]\((?!https?:|#)([^)#]+)/g)].map(([, path = ""]) => path);
  expect(targets.filter((path) => !existsSync(join(root, dirname(page), path)))).toEqual([]);
});

test.each(pages)("%s names files that exist", (page) => {
  const named = [...read(page).matchAll(/`((?:[\w-]+\/)+[\w.-]+\.(?:ts|md|json|svg))`/g)].map(([, path = ""]) => path);
  expect(named.filter((path) => !existsSync(join(root, path)))).toEqual([]);
});
