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

/** The domain's folders from top to bottom: each may import those after it, and `protocol`. */
const domain = [
  "push",
  "fan-out",
  "redelivery",
  "delivery",
  "login",
  "login/policies",
  "membership",
  "send",
  "log",
  "schedule",
  "wire",
  "concurrency",
  "model",
].map((name) => `lambdas/domain/${name}`);

const domainRules = Object.fromEntries(
  domain.map((folder, i): [string, Rule] => [folder, { folders: [...domain.slice(i + 1), "protocol"], packages: [] }]),
);

/** Each AWS service that a function calls, and what its adapter builds on besides the domain's model. */
const adapterRules: Record<string, Rule> = {
  "lambdas/adapters/dynamodb": { folders: ["lambdas/domain/model", "protocol"], packages: ["@aws-sdk", "node"] },
  "lambdas/adapters/api-gateway": {
    folders: ["lambdas/adapters/http1", "lambdas/adapters/sigv4", "lambdas/domain/model"],
    packages: ["@aws-sdk", "node"],
  },
  "lambdas/adapters/s3": { folders: ["lambdas/adapters/sigv4", "lambdas/domain/model"], packages: ["node"] },
  "lambdas/adapters/sqs": { folders: ["lambdas/domain/model"], packages: ["@aws-sdk"] },
  "lambdas/adapters/eventbridge": { folders: ["lambdas/domain/model"], packages: ["@aws-sdk"] },
  "lambdas/adapters/secrets": { folders: [], packages: ["@aws-sdk"] },
  "lambdas/adapters/tokens": { folders: ["lambdas/domain/model", "protocol"], packages: ["jose"] },
  "lambdas/adapters/http1": { folders: [], packages: ["node"] },
  "lambdas/adapters/sigv4": { folders: [], packages: ["node"] },
};
const adapters = Object.keys(adapterRules);

/** The local runtime: AWS services do not import one another, and `host` puts them together. */
const localRules: Record<string, Rule> = {
  local: { folders: ["local/host"], packages: [] },
  "local/host": {
    folders: [
      "local/api-gateway",
      "local/lambda",
      "local/lambda/event-source",
      "local/dynamodb",
      "local/sqs",
      "local/s3",
      "local/eventbridge",
      "local/secrets-manager",
      "local/iam",
      "local/http",
      "local/sigv4",
      "local/template",
      "local/world",
    ],
    packages: ["jose", "node", "vite"],
  },
  "local/api-gateway": {
    folders: [
      "local/api-gateway/rest",
      "local/api-gateway/websocket",
      "local/api-gateway/stage",
      "local/api-gateway/throttling",
      "local/template",
    ],
    packages: ["node"],
  },
  "local/api-gateway/rest": {
    folders: [
      "local/api-gateway/integration",
      "local/api-gateway/stage",
      "local/api-gateway/throttling",
      "local/template",
      "local/world",
    ],
    packages: ["node"],
  },
  "local/api-gateway/websocket": {
    folders: [
      "local/api-gateway/integration",
      "local/api-gateway/stage",
      "local/api-gateway/throttling",
      "local/iam",
      "local/template",
      "local/world",
    ],
    packages: ["node", "ws"],
  },
  "local/api-gateway/integration": { folders: ["local/api-gateway/stage", "local/template"], packages: [] },
  "local/api-gateway/stage": { folders: ["local/iam", "local/sigv4", "local/world"], packages: ["@smithy", "node"] },
  "local/api-gateway/throttling": { folders: ["local/template", "local/world"], packages: [] },
  "local/lambda": {
    folders: ["local/lambda/execution", "local/iam", "local/sigv4", "local/template", "local/world"],
    packages: ["node"],
  },
  "local/lambda/event-source": {
    folders: ["local/lambda/execution", "local/http", "local/iam", "local/template", "local/world"],
    packages: [],
  },
  "local/lambda/execution": { folders: ["local/world"], packages: ["node"] },
  "local/dynamodb": { folders: ["local/http", "local/template"], packages: ["dynalite", "level", "node", "undici"] },
  "local/sqs": { folders: ["local/http", "local/template", "local/world"], packages: ["fauxqs", "node", "undici"] },
  "local/s3": {
    folders: ["local/http", "local/iam", "local/sigv4", "local/template", "local/world"],
    packages: ["@smithy", "node"],
  },
  "local/eventbridge": { folders: ["local/http", "local/template"], packages: ["node"] },
  "local/secrets-manager": { folders: ["local/http", "local/template"], packages: ["node"] },
  "local/iam": { folders: ["local/sigv4", "local/template"], packages: ["node"] },
  "local/http": { folders: [], packages: ["node"] },
  "local/sigv4": { folders: [], packages: ["node"] },
  "local/template": { folders: [], packages: ["node"] },
  "local/world": { folders: [], packages: ["node"] },
};

/** The architecture, as data. A folder that is not here may not exist. */
const rules: Record<string, Rule> = {
  protocol: { folders: [], packages: [] },
  "client/core": { folders: ["protocol"], packages: [] },
  // Types of clock, fetch and WebSocket: what the client needs of a browser or of Node.
  "client/platform": { folders: [], packages: [] },
  "client/transport/polling": { folders: ["client/platform", "protocol"], packages: [] },
  "client/transport": {
    folders: ["client/transport/polling", "client/core", "client/platform", "protocol"],
    packages: [],
  },
  "client/runtime": { folders: ["client/transport", "client/core", "client/platform", "protocol"], packages: [] },
  client: { folders: ["client/runtime", "client/core", "client/platform", "protocol"], packages: [] },
  console: { folders: ["client", "protocol"], packages: [] },
  ...domainRules,
  ...adapterRules,
  "lambdas/runtime": { folders: [...adapters, ...domain], packages: ["@aws-sdk", "node"] },
  "lambdas/handlers": { folders: ["lambdas/runtime", ...adapters, ...domain, "protocol"], packages: [] },
  lambdas: { folders: ["lambdas/handlers", "lambdas/runtime", ...domain], packages: [] },
  // It names Lambdas by path only.
  lib: { folders: ["protocol"], packages: ["aws-cdk-lib", "constructs", "esbuild", "node"] },
  bin: { folders: ["lib"], packages: ["aws-cdk-lib"] },
  // It waits between attempts as the client does.
  cli: { folders: ["client/runtime", "protocol", ...domain], packages: ["node"] },
  // It measures what is deployed, over the tables that tests use or on the local stack, and prices it as the estimate does.
  bench: {
    folders: [
      "cli",
      "lambdas/handlers",
      "lambdas/runtime",
      ...adapters,
      ...domain,
      "lib",
      "local/host",
      "local/template",
      "protocol",
      "test",
    ],
    packages: "any",
  },
  // It runs the synthesized template and the built bundles, whatever they hold.
  ...localRules,
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

/** The innermost folder with a rule that holds `file`. Below `lambdas/`, `client/` and `local/` every folder needs a rule. */
function folderOf(file: string): string {
  const folder = dirname(file);
  if (/^(lambdas|client|local)\b/.test(folder) || Object.hasOwn(rules, folder)) return folder;
  const [top = ""] = folder.split("/");
  return folder === top ? top : folderOf(folder);
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
