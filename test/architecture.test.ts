import { globSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { describe, expect, test } from "vitest";

const root = join(import.meta.dirname, "..");

interface Rule {
  /** Folders whose files it may import, besides its own. */
  folders: string[];
  /** Packages that it may import, with what is inside them; a scope names all of its packages. */
  packages: string[] | "any";
}

/** The architecture, as data. A folder that is not here may not exist. */
const rules: Record<string, Rule> = {
  protocol: { folders: [], packages: [] },
  client: { folders: ["protocol"], packages: [] },
  console: { folders: ["client", "protocol"], packages: [] },
  "lambdas/domain": { folders: ["protocol"], packages: [] },
  "lambdas/adapters": { folders: ["lambdas/domain", "protocol"], packages: ["@aws-sdk", "jose", "node"] },
  lambdas: { folders: ["lambdas/adapters", "lambdas/domain", "protocol"], packages: [] },
  // It names Lambdas by path only.
  lib: { folders: ["protocol"], packages: ["aws-cdk-lib", "constructs", "esbuild", "node"] },
  bin: { folders: ["lib"], packages: ["aws-cdk-lib"] },
  // It waits between attempts as the client does.
  cli: { folders: ["client", "protocol"], packages: ["node"] },
  // It measures what is deployed, over the tables that tests use or on the local stack, and prices it as the estimate does.
  bench: {
    folders: ["cli", "lambdas/adapters", "lambdas/domain", "lib", "local", "protocol", "test"],
    packages: "any",
  },
  // It runs the synthesized template and the built bundles, whatever they hold.
  local: { folders: ["protocol"], packages: "any" },
  // What users write: they know this package by its name only.
  examples: { folders: [], packages: ["downlink", "aws-cdk-lib", "@aws-sdk", "jose"] },
};

const notOurs = ["node_modules", "cdk.out", "dist", "coverage"];
const everyFile = globSync("**/*.ts", { cwd: root, exclude: (path) => notOurs.includes(path) || /^\.\w/.test(path) })
  .map(normalize)
  .filter((file) => !file.endsWith(".d.ts"))
  .toSorted();
// What lies at the top configures tools, and tests may import everything.
const sources = everyFile.filter((file) => file.includes("/") && !file.startsWith("test/"));

/** The folder with a rule that holds `file`: of lambdas/ each folder has its own, elsewhere the outermost one counts. */
function folderOf(file: string): string {
  const [top = "", second = "", ...rest] = file.split("/");
  return top === "lambdas" && rest.length > 0 ? `${top}/${second}` : top;
}

interface Import {
  /** A file of ours, relative to the project, or a package. */
  readonly path: string;
  readonly ours: boolean;
}

const importsOf = new Map(everyFile.map((file) => [file, readImports(file)]));

function readImports(file: string): Import[] {
  const text = readFileSync(join(root, file), "utf8");
  const statements = /^(?:import|export)\s(?:[^"';]*\sfrom\s)?"([^"]+)"|\bimport\("([^"]+)"\)/gm;
  return [...text.matchAll(statements)]
    .map(([, fixed, dynamic]) => fixed ?? dynamic ?? "")
    .map((path) => (path.startsWith(".") ? { path: join(dirname(file), path), ours: true } : { path, ours: false }));
}

const ourImportsOf = (file: string) => (importsOf.get(file) ?? []).filter(({ ours }) => ours).map(({ path }) => path);

const isWithin = (path: string, name: string) =>
  path === name || path.startsWith(`${name}/`) || path.startsWith(`${name}:`);

describe("imports", () => {
  test("every folder has a rule", () => {
    expect(sources).toContain("protocol/frames.ts");
    const without = sources.filter((file) => !Object.hasOwn(rules, folderOf(file)));
    expect(without).toEqual([]);
  });

  test.each(Object.entries(rules))("%s imports only what its rule names", (folder, { folders, packages }) => {
    const isAllowed = ({ path, ours }: Import) =>
      ours
        ? [folder, ...folders].includes(folderOf(path))
        : packages === "any" || packages.some((name) => isWithin(path, name));
    const forbidden = sources
      .filter((file) => folderOf(file) === folder)
      .flatMap((file) => (importsOf.get(file) ?? []).map((imported) => ({ file, ...imported })))
      .filter((imported) => !isAllowed(imported));
    expect(forbidden).toEqual([]);
  });

  test("there are no cycles, not even of types", () => {
    expect(everyFile.map(cycleThrough).filter((cycle) => cycle !== undefined)).toEqual([]);
  });
});

test("no file has more than 400 lines", () => {
  const long = everyFile.filter((file) => readFileSync(join(root, file), "utf8").split("\n").length > 401);
  expect(long).toEqual([]);
});

/** The shortest way from `start` back to itself. */
function cycleThrough(start: string): string[] | undefined {
  const seen = new Set<string>();
  const ways = ourImportsOf(start).map((next) => [start, next]);
  for (const way of ways) {
    const last = way.at(-1) ?? "";
    if (last === start) return way;
    if (seen.has(last)) continue;
    seen.add(last);
    ways.push(...ourImportsOf(last).map((next) => [...way, next]));
  }
  return undefined;
}
