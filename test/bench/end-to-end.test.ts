import { expect, test } from "vitest";
import { mediansOf, type Step, stepsOfOurs, stepsOfSocketIo, untilMs } from "../../bench/end-to-end/steps.ts";
import { endToEndReport, type Measured } from "../../bench/end-to-end/table.ts";

const steps: Step[] = [
  { what: "to the server", until: "requested" },
  { what: "back", until: "lastClient" },
];
const pushes = [
  { sent: 100, requested: 101, lastClient: 111 },
  { sent: 200, requested: 203, lastClient: 223 },
  { sent: 300, requested: 302, lastClient: 390 },
];

test("a step lasts from the moment before it to its own, as the median of all pushes", () => {
  expect(mediansOf(steps, pushes)).toEqual([2, 20]);
  expect(untilMs(pushes, "lastClient")).toBe(23);
});

test("a missing moment of a push is an error", () => {
  expect(() => mediansOf(steps, [{ sent: 100, lastClient: 111 }])).toThrow("a push has no moment requested");
});

/** A push whose moments are `stepMs` apart. */
const pushOf = (of: readonly Step[], stepMs: number) => ({
  ...{ sent: 0, answered: 1, firstClient: 2 },
  ...Object.fromEntries(of.map(({ until }, i) => [until, stepMs * (i + 1)])),
});

test("the report compares each server with the control of the same size, and fits the page", () => {
  const sizes = [1_000, 5_000];
  const measured: Measured[] = sizes.flatMap((size) => [
    {
      name: "Socket.IO",
      size,
      steps: stepsOfSocketIo,
      pushes: [pushOf(stepsOfSocketIo, 10)],
      cpuMs: [20],
      mainCpuMs: [10],
    },
    {
      name: "ours, raised rate",
      size,
      steps: stepsOfOurs,
      pushes: [pushOf(stepsOfOurs, 30)],
      cpuMs: [300],
      mainCpuMs: [150],
    },
    {
      name: "ours, default rate",
      size,
      steps: stepsOfOurs,
      pushes: [pushOf(stepsOfOurs, 60)],
      cpuMs: [400],
      mainCpuMs: [200],
    },
  ]);
  const lines = endToEndReport(measured, { pushes: 5, warmUps: 2 });
  const cells = (line = "") => line.trim().split(/ {2,}/);
  expect(lines.slice(2, 5).map((line) => cells(line).slice(0, 4))).toEqual([
    ["Socket.IO", "1,000", "1.0", "1.0"],
    ["ours, raised rate", "1,000", "7.0", "15.0"],
    ["ours, default rate", "1,000", "14.0", "20.0"],
  ]);
  const posts = lines.find((line) => line.startsWith("posts, the first to the last"));
  expect(cells(posts).slice(1)).toEqual(["30.0", "60.0", "30.0", "60.0"]);
  expect(Math.max(...lines.map(({ length }) => length))).toBeLessThanOrEqual(120);
});
