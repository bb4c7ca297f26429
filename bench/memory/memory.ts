import { type ChildProcess, fork, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { median } from "../median.ts";
import { type Measured, memoryTable } from "./table.ts";
import { type Source, type Work, warmUpMembers } from "./work.ts";
import { events, send } from "../run-in-child.ts";

/** Runs of each size: those that take a minute are made once. */
const runs: [source: Source, size: number, times: number][] = [
  ["table", 1_000, 5],
  ["table", 10_000, 5],
  ["table", 100_000, 1],
  ["generated", 1_000, 5],
  ["generated", 10_000, 5],
  ["generated", 100_000, 3],
  ["generated", 1_000_000, 1],
  ["generatedAtOnce", 1_000, 3],
  ["generatedAtOnce", 100_000, 3],
  ["generatedAtOnce", 1_000_000, 1],
];

const file = (name: string) => join(import.meta.dirname, "memory", name);

/** What one fan-out worker needs for rooms of several sizes, as text. */
export async function memory(): Promise<string> {
  const tables = fork(file("table-process.ts"));
  const stub = spawn(process.execPath, [join(import.meta.dirname, "posts", "stub-server.ts")], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  try {
    const [[port], tablesUrl] = await Promise.all([once(stub.stdout, "data"), events<string>(tables)]);
    const stageUrl = `http://127.0.0.1:${Number(`${port}`)}/socket`;
    await fill(tables);
    const measured: Measured[] = [];
    for (const [source, size, times] of runs) {
      console.error(`fan-out/memory: ${size} members, ${source}`);
      const works: Work[] = [];
      for (let i = 0; i < times; i += 1) works.push(await work([tablesUrl, stageUrl, source, `${size}`]));
      measured.push({ source, size, times, ...middleOf(works) });
    }
    return memoryTable(measured, warmUpMembers);
  } finally {
    tables.kill();
    stub.kill();
  }
}

async function fill(tables: ChildProcess): Promise<void> {
  for (const [source, size] of runs) {
    if (source !== "table") continue;
    console.error(`fan-out/memory: a table of ${size} members is filled`);
    await send(tables, size);
  }
}

/** A process of its own for each: memory that was taken once is not given back. */
async function work(args: string[]): Promise<Work> {
  const child = fork(file("worker-process.ts"), args, { execArgv: ["--expose-gc"] });
  try {
    return await events<Work>(child, `the worker for ${args.slice(2).join(", ")}`);
  } finally {
    child.kill();
  }
}

function middleOf(works: readonly Work[]): Work {
  const middle = (of: (work: Work) => number) => median(works.map(of));
  return {
    peakBytes: middle(({ peakBytes }) => peakBytes),
    idleBytes: middle(({ idleBytes }) => idleBytes),
    liveBytes: middle(({ liveBytes }) => liveBytes),
    wallMs: middle(({ wallMs }) => wallMs),
    cpuMs: middle(({ cpuMs }) => cpuMs),
    mostHeld: Math.max(...works.map(({ mostHeld }) => mostHeld)),
    hops: Math.max(...works.map(({ hops }) => hops)),
  };
}
