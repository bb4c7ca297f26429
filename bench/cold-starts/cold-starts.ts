import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { buildSync } from "esbuild";
import { table } from "../../cli/table.ts";
import { bundleOptions } from "../../lib/bundled-code.ts";
import { environmentOf } from "../environment.ts";
import { median } from "../median.ts";
import { runInChild } from "../run-in-child.ts";
import { openAws } from "./aws-stub.ts";
import { type Bundle, dependencies, functions, root } from "./bundles.ts";
import type { Start, StartInput } from "./starting-process.ts";

const rounds = 9;

interface Row extends Start {
  name: string;
  bytes: number;
}

/** Measures the start of each function, and the import of each dependency. */
export async function coldStarts(): Promise<string[]> {
  const folder = mkdtempSync(join(tmpdir(), "downlink-bench-"));
  const aws = await openAws();
  try {
    const rows = await measure(
      [...functions, ...dependencies],
      folder,
      environmentOf({ awsUrl: aws.url, stageUrl: `${aws.url}/socket` }),
    );
    return reportOf(rows.slice(0, functions.length), rows.slice(functions.length));
  } finally {
    aws.close();
    rmSync(folder, { recursive: true });
  }
}

async function measure(bundles: readonly Bundle[], folder: string, env: NodeJS.ProcessEnv): Promise<Row[]> {
  const built = bundles.map(({ name, source, event }, i) => {
    const outfile = join(folder, `${i}.mjs`);
    buildSync({ ...bundleOptions, stdin: { contents: source, resolveDir: root, loader: "ts" }, outfile });
    const input: StartInput = { bundle: pathToFileURL(outfile).href, ...(event && { event }) };
    return { name, bytes: statSync(outfile).size, input, starts: [] as Start[] };
  });
  for (let round = 0; round < rounds; round += 1) {
    // The bundles take turns, so that other load on the machine affects all of them.
    for (const { input, starts } of built) starts.push(await start(input, env));
  }
  return built.map(({ name, bytes, starts }) => ({
    ...{ name, bytes },
    importMs: median(starts.map(({ importMs }) => importMs)),
    callMs: median(starts.map(({ callMs }) => callMs)),
  }));
}

async function start(input: StartInput, env: NodeJS.ProcessEnv): Promise<Start> {
  const options = { env, cwd: root, execArgv: ["--enable-source-maps"] };
  const child = runInChild(new URL("starting-process.ts", import.meta.url), input, options);
  try {
    return await child.next<Start>();
  } finally {
    child.stop();
  }
}

function reportOf(lambdas: readonly Row[], parts: readonly Row[]): string[] {
  const sample = lambdas.at(-1);
  const kB = (bytes: number) => `${Math.round(bytes / 1000)} kB`;
  const total = ({ importMs, callMs }: Start) => importMs + callMs;
  const empty = parts[0]?.importMs ?? 0;
  return [
    ...table(
      ["function", "/ sample", "import ms", "call ms", "bundle"],
      lambdas.map((row) => [
        row.name,
        (total(row) / (sample ? total(sample) : 1)).toFixed(2),
        row.importMs.toFixed(1),
        row.callMs.toFixed(1),
        kB(row.bytes),
      ]),
    ),
    "",
    ...table(
      ["one dependency alone", "import ms", "bundle"],
      parts.map(({ name, importMs, bytes }, i) => [name, (importMs - (i === 0 ? 0 : empty)).toFixed(1), kB(bytes)]),
    ),
    "",
    `Medians of ${rounds} starts in new processes. The bundles take turns. call: the handler's first call, over HTTP to a`,
    "server on this machine that responds at once. Dependencies share code, so their sum exceeds a bundle of all of them.",
  ];
}
