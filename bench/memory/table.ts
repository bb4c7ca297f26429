import type { Source, Work } from "./work.ts";

/** The median of all runs; of `mostHeld` and `rounds` the most. */
export interface Measured extends Work {
  source: Source;
  size: number;
  times: number;
}

const titles: Record<Source, string> = {
  table: "from DynamoDB's stand-in, page by page",
  generated: "generated, page by page",
  generatedAtOnce: "control: generated, all read before the first post",
};
const head = [
  "members",
  "live ×",
  "peak ×",
  "µs each ×",
  "held",
  "live MB",
  "peak MB",
  "µs each",
  "CPU µs",
  "s",
  "runs",
];
const columns = [10, 9, 9, 11, 11, 10, 10, 10, 9, 9, 8, 6];
const connection = (cells: readonly string[]) => cells.map((cell, i) => cell.padStart(columns[i] ?? 0)).join("");

/** Ratios first: of each size to the smallest of its block. */
export function memoryTable(measured: readonly Measured[], warmUpMembers: number): string {
  const blocks = (Object.keys(titles) as Source[]).map((source) => {
    const rows = measured.filter((row) => row.source === source);
    return [titles[source], connection(head), ...rows.map((row) => connection(cellsOf(row, rows[0] ?? row))), ""];
  });
  const idle = Math.max(...measured.map(({ idleBytes }) => idleBytes));
  return [
    "```",
    "One fan-out worker and rooms of several sizes. ×: of the smallest room; 1 is flat memory, and linear time",
    "",
    ...blocks.flat(),
    "live: in use when half are posted to, all garbage gone, beyond what is left at the end; none: no more than that.",
    `peak: the most resident memory, garbage not yet collected included, above that of the process before its`,
    `first task (${megabytes(idle)} MB at most).`,
    "held: members read and not yet posted to, at most. µs each: time per member; CPU: of the worker's process, of it.",
    "rounds: of 22 s each, at whose end a worker hands on the rest through the queue.",
    "The stand-in takes far longer for a page than DynamoDB, and the worker waits for it. No pace, no latency of posts.",
    `A process for each run, which posts to ${warmUpMembers.toLocaleString("en-US")} generated members before it counts. Medians of the runs.`,
    "```",
  ].join("\n");
}

function cellsOf(row: Measured, least: Measured): string[] {
  const { size, liveBytes, peakBytes, mostHeld, wallMs, cpuMs, hops, times } = row;
  return [
    size.toLocaleString("en-US"),
    liveBytes > 0 && least.liveBytes > 0 ? (liveBytes / least.liveBytes).toFixed(2) : "·",
    (peakBytes / least.peakBytes).toFixed(2),
    (wallMs / size / (least.wallMs / least.size)).toFixed(2),
    mostHeld.toLocaleString("en-US"),
    liveBytes > 0 ? megabytes(liveBytes) : "none",
    megabytes(peakBytes),
    ((wallMs / size) * 1000).toFixed(1),
    ((cpuMs / size) * 1000).toFixed(1),
    (wallMs / 1000).toFixed(2),
    ...[`${hops}`, `${times}`],
  ];
}

const megabytes = (bytes: number) => (bytes / 2 ** 20).toFixed(1);
