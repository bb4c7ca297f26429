import { expect, test } from "vitest";
import { type Hop, hopsOfOurs, hopsOfSocketIo, mediansOf, untilMs } from "../../bench/end-to-end/steps.ts";
import { type Measured, wayTable } from "../../bench/end-to-end/table.ts";

const hops: Hop[] = [
  { what: "to the server", to: "asked" },
  { what: "back", to: "lastClient" },
];
const pushes = [
  { sent: 100, asked: 101, lastClient: 111 },
  { sent: 200, asked: 203, lastClient: 223 },
  { sent: 300, asked: 302, lastClient: 390 },
];

test("a hop takes from the moment before it to its own, and the median of all pushes is told", () => {
  expect(mediansOf(hops, pushes)).toEqual([2, 20]);
  expect(untilMs(pushes, "lastClient")).toBe(23);
});

test("a push whose moment nobody saw is an error, not a number", () => {
  expect(() => mediansOf(hops, [{ sent: 100, lastClient: 111 }])).toThrow("nobody has seen when a push came to asked");
});

/** A push whose moments follow each other by so much. */
const pushOf = (of: readonly Hop[], stepMs: number) => ({
  ...{ sent: 0, answered: 1, firstClient: 2 },
  ...Object.fromEntries(of.map(({ to }, i) => [to, stepMs * (i + 1)])),
});

test("the table compares each server with the control of the same size, and fits the page", () => {
  const sizes = [1_000, 5_000];
  const measured: Measured[] = sizes.flatMap((size) => [
    {
      name: "Socket.IO",
      size,
      hops: hopsOfSocketIo,
      pushes: [pushOf(hopsOfSocketIo, 10)],
      cpuMs: [20],
      mainCpuMs: [10],
    },
    {
      name: "ours, pace raised",
      size,
      hops: hopsOfOurs,
      pushes: [pushOf(hopsOfOurs, 30)],
      cpuMs: [300],
      mainCpuMs: [150],
    },
    {
      name: "ours, default pace",
      size,
      hops: hopsOfOurs,
      pushes: [pushOf(hopsOfOurs, 60)],
      cpuMs: [400],
      mainCpuMs: [200],
    },
  ]);
  const lines = wayTable(measured, { pushes: 5, warmUps: 2 }).split("\n");
  const cells = (line = "") => line.trim().split(/ {2,}/);
  expect(lines.slice(3, 6).map((line) => cells(line).slice(0, 4))).toEqual([
    ["Socket.IO", "1,000", "1.0", "1.0"],
    ["ours, pace raised", "1,000", "7.0", "15.0"],
    ["ours, default pace", "1,000", "14.0", "20.0"],
  ]);
  const posts = lines.find((line) => line.startsWith("posts, the first to the last"));
  expect(cells(posts).slice(1)).toEqual(["30.0", "60.0", "30.0", "60.0"]);
  expect(Math.max(...lines.map(({ length }) => length))).toBeLessThanOrEqual(120);
});
