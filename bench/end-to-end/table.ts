import { median } from "../median.ts";
import { type Hop, type Moments, mediansOf, untilMs } from "./steps.ts";

/** Pushes through one server to a room of one size. */
export interface Measured {
  name: string;
  size: number;
  hops: readonly Hop[];
  pushes: Moments[];
  /** Of the server's process for each push. */
  cpuMs: number[];
  /** Of that, what its main thread took. */
  mainCpuMs: number[];
}

const columns = [21, 9, 14, 13, 13, 11, 11, 13, 13];
const connection = (cells: readonly string[]) =>
  cells.map((cell, i) => padded(cell, columns[i] ?? 0, i === 0)).join("");
const padded = (cell: string, width: number, isFirst: boolean) => (isFirst ? cell.padEnd(width) : cell.padStart(width));
const head = [
  "",
  "clients",
  "last, × S.IO",
  "CPU, × S.IO",
  "answered ms",
  "first ms",
  "last ms",
  "CPU µs each",
  "functions",
];

/** Ratios to the control, the first of each size, first; then what the way is made of. */
export function wayTable(measured: readonly Measured[], run: { pushes: number; warmUps: number }): string {
  const sizes = [...new Set(measured.map(({ size }) => size))];
  return [
    "```",
    "From the request that pushes until the first and the last client has the message; the control is a Socket.IO server",
    connection(head),
    ...sizes.flatMap((size) => {
      const rows = measured.filter((row) => row.size === size);
      return rows.map((row) => connection(cellsOf(row, rows[0] ?? row)));
    }),
    "",
    "What the way is made of, ms",
    ...[...Map.groupBy(measured, ({ hops }) => hops)].flatMap(([hops, rows]) => [...hopLines(hops, rows), ""]),
    `Medians of ${run.pushes} pushes after ${run.warmUps} that do not count, the servers in turn; medians of hops do not add up exactly.`,
    "Each server is one process on this machine, and all clients together are one. CPU each: of the server's process, per",
    "client; functions: what of it is not the main thread, in which gateway, queue and tables run. On AWS those are many",
    "machines. A server that writes to its own sockets cannot be beaten at that: what ours costs more is the signed request",
    "per client that API Gateway wants, and the round trips before the first of them.",
    "Default pace: 3,150 posts a second over four workers, each with a part of the room.",
    "Pace raised: 1,000,000 over as many workers, so that nobody waits for a turn.",
    "```",
  ].join("\n");
}

function cellsOf(row: Measured, control: Measured): string[] {
  const { name, size, pushes } = row;
  const last = untilMs(pushes, "lastClient");
  const cpu = median(row.cpuMs);
  return [
    name,
    size.toLocaleString("en-US"),
    (last / untilMs(control.pushes, "lastClient")).toFixed(1),
    (cpu / median(control.cpuMs)).toFixed(1),
    ...["answered", "firstClient"].map((to) => untilMs(pushes, to).toFixed(1)),
    last.toFixed(1),
    ((cpu / size) * 1000).toFixed(0),
    row === control ? "" : (((cpu - median(row.mainCpuMs)) / size) * 1000).toFixed(0),
  ];
}

function hopLines(hops: readonly Hop[], rows: readonly Measured[]): string[] {
  const width = 18;
  const cells = (texts: readonly string[]) => texts.map((text) => text.padStart(width)).join("");
  const medians = rows.map(({ pushes }) => mediansOf(hops, pushes));
  const names = [...new Set(rows.map(({ name }) => name))];
  const title = (name: string) => (names.length > 1 ? name.replace(/^ours, /, "") : name);
  return [
    `${"".padEnd(48)}${cells(rows.map(({ size, name }) => `${size} ${title(name)}`))}`,
    ...hops.map(({ what }, i) => `${what.padEnd(48)}${cells(medians.map((each) => milliseconds(each[i] ?? 0)))}`),
  ];
}

/** A client may have got the last frame before its sender notes that it is out. */
const milliseconds = (ms: number) => Math.max(0, ms).toFixed(1);
