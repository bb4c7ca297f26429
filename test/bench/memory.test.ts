import { expect, test } from "vitest";
import { generatedMembers, inOnePage } from "../../bench/memory/members.ts";
import { type Measured, memoryReport } from "../../bench/memory/table.ts";

async function all<T>(pages: AsyncIterable<T>): Promise<T[]> {
  const made: T[] = [];
  for await (const page of pages) made.push(page);
  return made;
}

test("generated members have the wanted number, different sessions, and come in pages", async () => {
  const pages = await all(generatedMembers(1_200));
  expect(pages.map(({ length }) => length)).toEqual([500, 500, 200]);
  const sessions = pages.flat().map(({ session }) => session);
  expect(new Set(sessions).size).toBe(1_200);
  expect(sessions).toEqual(sessions.toSorted());
});

test("generated members continue after a session, as those of a table do", async () => {
  const sessions = (await all(generatedMembers(1_200))).flat().map(({ session }) => session);
  const rest = await all(generatedMembers(1_200, sessions[699]));
  expect(rest.flat().map(({ session }) => session)).toEqual(sessions.slice(700));
});

test("the control returns all members in one page", async () => {
  expect((await all(inOnePage(generatedMembers(1_200)))).map(({ length }) => length)).toEqual([1_200]);
});

const rowsOf = (lines: readonly string[]) =>
  lines.flatMap((line) => (/^ *\d/.test(line) ? [line.trim().split(/ {2,}/)] : []));

test("the report compares each size with the smallest of its source, and time per member", () => {
  const small: Measured = {
    ...{ source: "generated", size: 1_000, times: 5, maxHeld: 899, runs: 1 },
    ...{ liveBytes: 2 ** 20, peakBytes: 40 * 2 ** 20, idleBytes: 90 * 2 ** 20, wallMs: 50, cpuMs: 40 },
  };
  const large = { ...small, size: 100_000, times: 1, liveBytes: 2 ** 21, peakBytes: 60 * 2 ** 20, wallMs: 4_000 };
  const lines = memoryReport([small, large], 5_000);
  const rows = rowsOf(lines);
  expect(rows.map((row) => row.slice(0, 8))).toEqual([
    ["1,000", "1.00", "1.00", "1.00", "899", "1.0", "40.0", "50.0"],
    ["100,000", "2.00", "1.50", "0.80", "899", "2.0", "60.0", "40.0"],
  ]);
  const [, shrunk] = rowsOf(memoryReport([small, { ...large, liveBytes: -(2 ** 21) }], 5_000));
  expect(shrunk?.slice(0, 8)).toEqual(["100,000", "·", "1.50", "0.80", "899", "none", "60.0", "40.0"]);
  expect(Math.max(...lines.map(({ length }) => length))).toBeLessThanOrEqual(120);
});
