import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { bundle } from "../../lib/bundled-code.ts";
import { DownlinkStack } from "../../lib/index.ts";
import { newApp } from "./synthesize.ts";

const entries = ["authorize", "fan-out", "poll", "push", "redeliver", "socket"];
const bundles = new Map<string, string>();

beforeAll(() => {
  const app = newApp({ bundled: ["Downlink"] });
  new DownlinkStack(app, "Downlink");
  const { directory } = app.synth();
  for (const asset of readdirSync(directory).filter((name) => name.startsWith("asset."))) {
    const map = JSON.parse(readFileSync(join(directory, asset, "index.mjs.map"), "utf8"));
    const entry = entries.find((name) => map.sources.some((source: string) => source === `lambdas/${name}.ts`));
    bundles.set(entry ?? asset, join(directory, asset, "index.mjs"));
  }
});

test("each function has its own bundle", () => {
  expect([...bundles.keys()].toSorted()).toEqual(entries);
});

test.each(entries)("%s is one module without external packages and exports a handler", async (entry) => {
  const path = bundles.get(entry) ?? "";
  const imports = [...readFileSync(path, "utf8").matchAll(/\bfrom\s*"([^".]+)"/g)].map(([, name]) => name);
  expect(imports.filter((name) => name?.startsWith("@"))).toEqual([]);
  Object.assign(process.env, {
    AWS_REGION: "eu-central-1",
    CONNECTIONS_TABLE: "connections",
    ROOMS_TABLE: "rooms",
    MESSAGES_TABLE: "messages",
    TOKEN_SECRET_ARN: "arn:aws:secretsmanager:eu-central-1:123456789012:secret:tokens",
    ALLOWED_ORIGINS: "*",
    PAYLOADS_URL: "https://payloads.s3.eu-central-1.amazonaws.com",
    CALLBACK_URL: "https://abc.execute-api.eu-central-1.amazonaws.com/socket",
    RETENTION_SECONDS: "60",
    ACK_CHECK_QUEUE_URL: "https://sqs.eu-central-1.amazonaws.com/123456789012/ack-checks",
    REDELIVER_AFTER_SECONDS: "5",
    EVENT_BUS_NAME: "default",
    FAN_OUT_QUEUE_URL: "https://sqs.eu-central-1.amazonaws.com/123456789012/tasks",
    FAN_OUT_DEAD_LETTERS_URL: "https://sqs.eu-central-1.amazonaws.com/123456789012/dead-letters",
    FAN_OUT_WORKERS: "4",
    POSTS_PER_SECOND: "3500",
  });
  expect(await import(pathToFileURL(path).href)).toMatchObject({ handler: expect.any(Function) });
});

test.each(entries)("%s is small enough for a fast cold start", (entry) => {
  expect(statSync(bundles.get(entry) ?? "").size).toBeLessThan(600_000);
});

describe("the same sources result in the same bytes in every folder", () => {
  /** A project with one function, which imports a file and a CommonJS package. */
  function projectAt(folder: string): string {
    const files = {
      "lambdas/hello.ts":
        'import { word } from "../protocol/word.ts";\nimport dep from "dep";\nexport const handler = () => dep(word);',
      "protocol/word.ts": 'export const word: string = "hello";',
      "node_modules/dep/package.json": '{ "name": "dep", "main": "index.js" }',
      "node_modules/dep/index.js": "module.exports = (word) => word + 1;",
    };
    for (const [name, text] of Object.entries(files)) {
      mkdirSync(join(folder, name, ".."), { recursive: true });
      writeFileSync(join(folder, name), text);
    }
    return folder;
  }

  test("of two builds in two places", () => {
    const root = mkdtempSync(join(tmpdir(), "downlink-"));
    onTestFinished(() => rmSync(root, { recursive: true }));
    const [one, other] = ["a", "much/deeper/b"].map((place) => {
      const folder = projectAt(join(root, place));
      const outputDir = mkdtempSync(join(root, "out-"));
      bundle(folder, "hello", outputDir);
      return readdirSync(outputDir).map((name) => [name, readFileSync(join(outputDir, name), "utf8")]);
    });
    expect(one?.map(([name]) => name)).toEqual(["index.mjs", "index.mjs.map"]);
    expect(one).toEqual(other);
  });

  test.each(entries)("%s: its source map names files of the project only", (entry) => {
    const { sources } = JSON.parse(readFileSync(`${bundles.get(entry)}.map`, "utf8"));
    expect(sources.length).toBeGreaterThan(10);
    expect(sources.filter((source: string) => !/^(lambdas|protocol|node_modules)\//.test(source))).toEqual([]);
  });
});
