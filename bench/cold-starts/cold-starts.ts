import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { buildSync } from "esbuild";
import { bundleOptions } from "../../lib/bundled-code.ts";
import { openAws } from "./aws-stub.ts";
import { type Bundle, dependencies, functions, root } from "./bundles.ts";
import type { Start } from "./starting-process.ts";
import { median } from "../median.ts";

const hops = 9;
const startFile = join(import.meta.dirname, "cold-starts", "starting-process.ts");

interface Row extends Start {
  name: string;
  bytes: number;
}

/** What starting each Lambda takes, and what its dependencies cost, as text. */
export async function coldStarts(): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), "downlink-bench-"));
  const aws = await openAws();
  try {
    const env = environmentOf(aws.port);
    const rows = await measure([...functions, ...dependencies], folder, env);
    return table(rows.slice(0, functions.length), rows.slice(functions.length));
  } finally {
    aws.close();
    rmSync(folder, { recursive: true });
  }
}

async function measure(bundles: readonly Bundle[], folder: string, env: NodeJS.ProcessEnv): Promise<Row[]> {
  const built = bundles.map(({ name, source, event }, i) => {
    const file = join(folder, `${i}.mjs`);
    buildSync({ ...bundleOptions, stdin: { contents: source, resolveDir: root, loader: "ts" }, outfile: file });
    const args = ["--enable-source-maps", startFile, file, ...(event ? [JSON.stringify(event)] : [])];
    return { name, bytes: statSync(file).size, args, starts: [] as Start[] };
  });
  for (let hop = 0; hop < hops; hop += 1) {
    // One after the other, again and again: whatever else the machine does hits all of them.
    for (const { args, starts } of built) {
      const { stdout } = await promisify(execFile)(process.execPath, args, { env, cwd: root });
      starts.push(JSON.parse(stdout));
    }
  }
  return built.map(({ name, bytes, starts }) => ({
    ...{ name, bytes },
    importMs: median(starts.map(({ importMs }) => importMs)),
    callMs: median(starts.map(({ callMs }) => callMs)),
  }));
}

const environmentOf = (port: number): NodeJS.ProcessEnv => ({
  AWS_REGION: "us-east-1",
  AWS_ACCESS_KEY_ID: "ASIAIOSFODNN7EXAMPLE",
  AWS_SECRET_ACCESS_KEY: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
  AWS_SESSION_TOKEN: "token",
  AWS_ENDPOINT_URL: `http://127.0.0.1:${port}`,
  CALLBACK_URL: `http://127.0.0.1:${port}/socket`,
  PAYLOADS_URL: `http://127.0.0.1:${port}/payloads`,
  ACK_CHECK_QUEUE_URL: `http://127.0.0.1:${port}/000000000000/looks`,
  FAN_OUT_QUEUE_URL: `http://127.0.0.1:${port}/000000000000/tasks`,
  FAN_OUT_DEAD_LETTERS_URL: `http://127.0.0.1:${port}/000000000000/dead-letters`,
  FAN_OUT_WORKERS: "4",
  POSTS_PER_SECOND: "3150",
  REDELIVERIES_PER_SECOND: "350",
  REDELIVERY_WORKERS: "5",
  CONNECTIONS_TABLE: "Connections",
  ROOMS_TABLE: "Rooms",
  MESSAGES_TABLE: "Messages",
  TOKEN_SECRET_ARN: "arn:aws:secretsmanager:us-east-1:000000000000:secret:tokens",
  ALLOWED_ORIGINS: "*",
  RETENTION_SECONDS: "60",
  REDELIVER_AFTER_SECONDS: "5",
  EVENT_BUS_NAME: "default",
});

function table(lambdas: readonly Row[], parts: readonly Row[]): string {
  const sample = lambdas.at(-1);
  const connection = (name: string, cells: string[]) =>
    `${name.padEnd(42)}${cells.map((cell) => cell.padStart(12)).join("")}`;
  const kB = (bytes: number) => `${Math.round(bytes / 1000)} kB`;
  const ms = (value: number) => value.toFixed(1);
  const total = ({ importMs, callMs }: Start) => importMs + callMs;
  const nothing = parts[0]?.importMs ?? 0;
  return [
    "```",
    connection("", ["of sample", "import ms", "call ms", "bundle"]),
    ...lambdas.map((row) =>
      connection(row.name, [
        (total(row) / (sample ? total(sample) : 1)).toFixed(2),
        ms(row.importMs),
        ms(row.callMs),
        kB(row.bytes),
      ]),
    ),
    "",
    connection("one dependency alone", ["", "import ms", "", "bundle"]),
    ...parts.map((row) =>
      connection(row.name, ["", ms(row.importMs - (row.name === "nothing" ? 0 : nothing)), "", kB(row.bytes)]),
    ),
    "",
    `Medians of ${hops} starts of a new process each, all in turn, over HTTP on this machine. call: the handler's first, up to`,
    "its answer, where nobody is connected and AWS answers at once. Dependencies share parts, so that their sum is more than a",
    "bundle of all of them.",
    "```",
  ].join("\n");
}
