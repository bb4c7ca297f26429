import { table } from "../../cli/table.ts";
import { median } from "../median.ts";
import { type Moments, mediansOf, type Step, untilMs } from "./steps.ts";

/** Pushes through one server to a room of one size. */
export interface Measured {
  name: string;
  size: number;
  steps: readonly Step[];
  pushes: Moments[];
  /** CPU of the server's process for each push. */
  cpuMs: number[];
  /** CPU of its main thread for each push. */
  mainCpuMs: number[];
}

const head = ["", "clients", "last ×", "CPU ×", "response ms", "first ms", "last ms", "CPU µs each", "functions µs"];

/** The control is the first row of each size. Ratios to the control come first, then the steps. */
export function endToEndReport(measured: readonly Measured[], run: { pushes: number; warmUps: number }): string[] {
  const controls = new Map(measured.toReversed().map((row) => [row.size, row]));
  const bySteps = Map.groupBy(measured, ({ steps }) => steps);
  return [
    "From the request of a push to the first and the last client. ×: divided by the control, a Socket.IO server",
    ...table(
      head,
      measured.map((row) => cellsOf(row, controls.get(row.size) ?? row)),
    ),
    "",
    ...[...bySteps].flatMap(([steps, rows]) => [...stepTable(steps, rows), ""]),
    `Medians of ${run.pushes} pushes after ${run.warmUps} warm-up pushes. The servers take turns. Medians of steps do not add up exactly.`,
    "Each server is one process on this machine; all clients are one process. CPU each: of the server's process, per",
    "client. functions: CPU outside the main thread, per client. Gateway, queue and tables run in the main thread. On AWS",
    "these are many machines. Default rate: 3,150 posts a second over four workers. Raised rate: 1,000,000 over as many.",
  ];
}

function cellsOf(row: Measured, control: Measured): string[] {
  const { name, size, pushes } = row;
  const last = untilMs(pushes, "lastClient");
  const cpu = median(row.cpuMs);
  const microsEach = (ms: number) => ((ms / size) * 1000).toFixed(0);
  return [
    name,
    size.toLocaleString("en-US"),
    (last / untilMs(control.pushes, "lastClient")).toFixed(1),
    (cpu / median(control.cpuMs)).toFixed(1),
    untilMs(pushes, "answered").toFixed(1),
    untilMs(pushes, "firstClient").toFixed(1),
    last.toFixed(1),
    microsEach(cpu),
    row === control ? "" : microsEach(cpu - median(row.mainCpuMs)),
  ];
}

function stepTable(steps: readonly Step[], rows: readonly Measured[]): string[] {
  const medians = rows.map(({ pushes }) => mediansOf(steps, pushes));
  const names = rows.map(({ size, name }) => `${size} ${name.replace(/^ours, /, "")}`);
  // A client may receive the last frame before the server records that it was sent.
  const cell = (ms = 0) => Math.max(0, ms).toFixed(1);
  return table(
    ["step, ms", ...names],
    steps.map(({ what }, i) => [what, ...medians.map((each) => cell(each[i]))]),
  );
}
