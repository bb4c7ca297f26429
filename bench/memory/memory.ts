import { environmentOf } from "../environment.ts";
import { median } from "../median.ts";
import type { StubInput } from "../posts/stub-process.ts";
import { runInChild } from "../run-in-child.ts";
import { type Measured, memoryReport } from "./table.ts";
import { type Source, type Work, type WorkerInput, warmUpMembers } from "./work.ts";

/** Sizes that take a minute are measured once. */
const measurements: [source: Source, size: number, times: number][] = [
  ["table", 1_000, 5],
  ["table", 10_000, 5],
  ["table", 100_000, 1],
  ["generated", 1_000, 5],
  ["generated", 10_000, 5],
  ["generated", 100_000, 3],
  ["generated", 1_000_000, 1],
  ["generatedUnstreamed", 1_000, 3],
  ["generatedUnstreamed", 100_000, 3],
  ["generatedUnstreamed", 1_000_000, 1],
];

/** Measures the memory of a fan-out worker for rooms of several sizes. */
export async function memory(): Promise<string[]> {
  const tables = runInChild(new URL("tables-process.ts", import.meta.url));
  const stubInput: StubInput = { latencyMs: 0 };
  const stub = runInChild(new URL("../posts/stub-process.ts", import.meta.url), stubInput);
  try {
    const awsUrl = await tables.next<string>();
    const stageUrl = `http://127.0.0.1:${await stub.next<number>()}/socket`;
    // The rate never makes a worker wait, so that only its work is measured.
    const env = environmentOf({ awsUrl, stageUrl, postsPerSecond: 1e9, workers: 1 });
    const measured: Measured[] = [];
    for (const [source, size, times] of measurements) {
      console.error(`memory: ${size} members, ${source}`);
      if (source === "table") await tables.request(size);
      const works: Work[] = [];
      for (let i = 0; i < times; i += 1) works.push(await runWorker({ source, size }, env));
      measured.push({ source, size, times, ...summaryOf(works) });
    }
    return memoryReport(measured, warmUpMembers);
  } finally {
    tables.stop();
    stub.stop();
  }
}

/** Uses a new process, because V8 does not return memory. */
async function runWorker(input: WorkerInput, env: NodeJS.ProcessEnv): Promise<Work> {
  const child = runInChild(new URL("worker-process.ts", import.meta.url), input, { env, execArgv: ["--expose-gc"] });
  try {
    return await child.next<Work>();
  } finally {
    child.stop();
  }
}

/** Medians; the maximum of `maxHeld` and `runs`. */
function summaryOf(works: readonly Work[]): Work {
  const valuesOf = (key: keyof Work) => works.map((work) => work[key]);
  const max = (key: keyof Work) => Math.max(...valuesOf(key));
  return {
    peakBytes: median(valuesOf("peakBytes")),
    idleBytes: median(valuesOf("idleBytes")),
    liveBytes: median(valuesOf("liveBytes")),
    wallMs: median(valuesOf("wallMs")),
    cpuMs: median(valuesOf("cpuMs")),
    maxHeld: max("maxHeld"),
    runs: max("runs"),
  };
}
