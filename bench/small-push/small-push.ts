import { table } from "../../cli/table.ts";
import { median } from "../median.ts";
import { runInChild } from "../run-in-child.ts";
import { pushes } from "./pushes.ts";

const rounds = 15;
const pushesPerRound = 2_000;
/** Rounds that do not count, in which V8 compiles the code. */
const warmUps = 15;
const budgetMicros = 30;

/** Measures the CPU of a push to a room of two: the domain's code without adapters. */
export async function smallPush(): Promise<string[]> {
  const running = Object.keys(pushes).map((name) => {
    return { name, child: runInChild(new URL("push-process.ts", import.meta.url), name), cpuMs: [] as number[] };
  });
  try {
    for (let round = -warmUps; round < rounds; round += 1) {
      // Both take turns, so that other load on the machine affects both.
      for (const { child, cpuMs } of running) {
        const result = await child.request<number>(pushesPerRound);
        if (round >= 0) cpuMs.push(result);
      }
    }
  } finally {
    for (const { child } of running) child.stop();
  }
  const micros = (name: string) =>
    (median(running.find((each) => each.name === name)?.cpuMs ?? []) / pushesPerRound) * 1000;
  return smallPushReport(micros("ours"), micros("control"));
}

/** @param ours CPU microseconds of a push, also of the control */
export function smallPushReport(ours: number, control: number): string[] {
  const domain = ours - control;
  return [
    ...table(
      ["push to a room of two, qos 1", "CPU µs", "/ control", "budget"],
      [
        ["ours", ours.toFixed(1), (ours / control).toFixed(1)],
        ["control: the same calls of the ports", control.toFixed(1), "1.0"],
        [
          "domain code: the difference",
          domain.toFixed(1),
          "",
          `≤ ${budgetMicros} ${domain <= budgetMicros ? "✓" : "✗"}`,
        ],
      ],
    ),
    "",
    `Medians of ${rounds} rounds of ${pushesPerRound} pushes in two processes that take turns. Posts and tables respond at once.`,
  ];
}
