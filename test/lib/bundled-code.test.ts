import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { beforeAll, expect, test } from "vitest";
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
    const entry = entries.find((name) => map.sources.some((source: string) => source.endsWith(`/lambdas/${name}.ts`)));
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
