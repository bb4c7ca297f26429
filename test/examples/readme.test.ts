import { existsSync, globSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";

const root = join(import.meta.dirname, "../..");
const read = (file: string) => readFileSync(join(root, file), "utf8");
/** `npm run types` compiles them. */
const examples = globSync("examples/*.ts", { cwd: root }).toSorted();
const pages = [
  ...["README.md", "README.zh-CN.md", "CONTRIBUTING.md", "bench/README.md"],
  ...globSync(["protocol/*.md", "docs/**/*.md"], { cwd: root }).toSorted(),
];

describe.each(["README.md", "README.zh-CN.md"])("%s", (page) => {
  const text = read(page);

  test("shows each example unchanged, and no other TypeScript", () => {
    const shown = [...text.matchAll(/\]\((examples\/[^)]+)\)[^`]*```ts\n([^`]*(?:`[^`\n]+`[^`]*)*)```/g)];
    expect(text.match(/^```ts$/gm)).toHaveLength(shown.length);
    expect(shown.map(([, file]) => file).toSorted()).toEqual(examples);
    for (const [, file = "", code] of shown) expect(code).toBe(read(file));
  });

  test("shows the same commands as the other language", () => {
    const commandsOf = (file: string) =>
      [...read(file).matchAll(/```sh\n(.*?)```/gs)].map(([, block = ""]) => block.replace(/ ?#(?! \{).*$/gm, ""));
    expect(commandsOf(page)).toEqual(commandsOf("README.md"));
  });
});

test("docs/settings.md shows each setting of cdk.json with its value there", () => {
  const { context }: { context: Record<string, unknown> } = JSON.parse(read("cdk.json"));
  const ticked = (cell = "") => /`([^`]+)`/.exec(cell)?.[1];
  const tables = [...read("docs/settings.md").matchAll(/^\| `downlink:…`.*\n\|[-| ]+\n((?:\|.*\n)+)/gm)];
  const shown = tables.flatMap(([, rows = ""]) =>
    rows
      .trimEnd()
      .split("\n")
      .map((row) => {
        const [name, value] = row.split(" | ");
        return [`downlink:${ticked(name)}`, ticked(value)] as const;
      }),
  );
  const settings = Object.entries(context).filter(([name]) => name.startsWith("downlink:"));
  const asText = (value: unknown) => (typeof value === "string" ? value : JSON.stringify(value));
  const withValue = shown.filter(([, value]) => value !== undefined);
  expect(Object.fromEntries(withValue)).toEqual(
    Object.fromEntries(settings.map(([name, value]) => [name, asText(value)])),
  );
});

test.each(pages)("%s links to files that exist", (page) => {
  const targets = [...read(page).matchAll(/\]\((?!https?:|#)([^)#]+)/g)].map(([, path = ""]) => path);
  expect(targets.filter((path) => !existsSync(join(root, dirname(page), path)))).toEqual([]);
});

/** The anchors that GitHub generates for headings. */
function anchorsOf(page: string): Set<string> {
  const anchors = new Set<string>();
  const text = read(page).replace(/^```.*?^```$/gms, "");
  for (const [, heading = ""] of text.matchAll(/^#+ (.+)$/gm)) {
    const plain = heading.replace(/\[([^\]]*)\]\([^)]*\)/g, "$1").toLowerCase();
    const anchor = plain.replace(/[^\p{L}\p{N}\p{M} _-]/gu, "").replaceAll(" ", "-");
    let free = anchor;
    for (let n = 1; anchors.has(free); n += 1) free = `${anchor}-${n}`;
    anchors.add(free);
  }
  return anchors;
}

test.each(pages)("%s links to headings that exist", (page) => {
  const links = [...read(page).matchAll(/\]\((?!https?:)([^)#]*)#([^)]+)\)/g)];
  const broken = links.filter(([, path = "", anchor = ""]) => {
    const target = path === "" ? page : join(dirname(page), path);
    return existsSync(join(root, target)) && !anchorsOf(target).has(decodeURIComponent(anchor));
  });
  expect(broken.map(([link]) => link)).toEqual([]);
});

test.each(pages)("%s names files that exist", (page) => {
  const named = [...read(page).matchAll(/`((?:[\w-]+\/)+[\w.-]+\.(?:ts|md|json|svg))`/g)].map(([, path = ""]) => path);
  expect(named.filter((path) => !existsSync(join(root, path)))).toEqual([]);
});
