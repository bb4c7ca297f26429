import { table } from "../../cli/table.ts";
import type { Source, Work } from "./work.ts";

export interface Measured extends Work {
  source: Source;
  size: number;
  /** Number of measurements. */
  times: number;
}

const titles: Record<Source, string> = {
  table: "from DynamoDB's stand-in, in pages",
  generated: "generated, in pages",
  generatedUnstreamed: "control: generated, all read before the first post",
};
const head = ["members", "live ×", "peak ×", "µs each ×", "held", "live MB", "peak MB", "µs each", "CPU µs", "s"];

/** One block per source. Ratios come first: each size divided by the smallest of its block. */
export function memoryReport(measured: readonly Measured[], warmUpMembers: number): string[] {
  const blocks = (Object.keys(titles) as Source[]).flatMap((source) => {
    const rows = measured.filter((row) => row.source === source);
    const cells = rows.map((row) => cellsOf(row, rows[0] ?? row));
    return [titles[source], ...table([...head, "runs", "measured"], cells, { leftColumns: 0 }), ""];
  });
  const idle = Math.max(...measured.map(({ idleBytes }) => idleBytes));
  return [
    "One fan-out worker and rooms of several sizes. ×: divided by the smallest room; 1 means flat memory and linear time.",
    "",
    ...blocks,
    "live: live memory when half of the members are posted to, minus that at the end. none: not more than at the end.",
    `peak: resident memory with garbage, minus that before the first task (${megabytes(idle)} MB at most).`,
    "held: maximum of members read and not yet posted to. µs each: time per member. CPU µs: CPU per member.",
    "runs: of 22 s each; then a worker enqueues the rest. measured: number of measurements; the values are medians.",
    "The stand-in takes far longer for a page than DynamoDB, and the worker waits for it. Posts have no latency.",
    `Each measurement is a new process that first posts to ${warmUpMembers.toLocaleString("en-US")} generated members.`,
  ];
}

function cellsOf(row: Measured, smallest: Measured): string[] {
  const { size, liveBytes, peakBytes, maxHeld, wallMs, cpuMs, runs, times } = row;
  return [
    size.toLocaleString("en-US"),
    liveBytes > 0 && smallest.liveBytes > 0 ? (liveBytes / smallest.liveBytes).toFixed(2) : "·",
    (peakBytes / smallest.peakBytes).toFixed(2),
    (wallMs / size / (smallest.wallMs / smallest.size)).toFixed(2),
    maxHeld.toLocaleString("en-US"),
    liveBytes > 0 ? megabytes(liveBytes) : "none",
    megabytes(peakBytes),
    ((wallMs / size) * 1000).toFixed(1),
    ((cpuMs / size) * 1000).toFixed(1),
    (wallMs / 1000).toFixed(2),
    ...[`${runs}`, `${times}`],
  ];
}

const megabytes = (bytes: number) => (bytes / 2 ** 20).toFixed(1);
