import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { cpuSecondsPerPost } from "../../../cli/estimate/architecture.ts";
import { usual } from "../../../cli/estimate/doc-scenarios.ts";
import { docTables } from "../../../cli/estimate/doc-tables.ts";
import { estimate } from "../../../cli/estimate/estimate.ts";
import { pollingUsd, pollsPerHour } from "../../../cli/estimate/polling.ts";
import { quotasOf } from "../../../cli/estimate/quotas.ts";
import { simulateReconnect } from "../../../cli/estimate/simulation/reconnect.ts";
import { systemOf } from "../../../cli/estimate/system.ts";
import { docsOf } from "../../../cli/estimate/write-docs.ts";

const folder = join(import.meta.dirname, "../../../docs");
const files = docsOf(folder);
const page = files.get("scaling.md") ?? "";

test.each([...files.keys()])("docs/%s is as npm run estimate -- --docs docs writes it", (name) => {
  expect(readFileSync(join(folder, name), "utf8")).toBe(files.get(name));
});

test("the page shows every table and every plot", () => {
  const shown = [...page.matchAll(/<!-- table: (\w+) -->/g)].map(([, name]) => name);
  expect(shown.toSorted()).toEqual(Object.keys(docTables).toSorted());
  for (const plot of [...files.keys()].filter((name) => name.endsWith(".svg"))) expect(page).toContain(`](${plot})`);
});

test("the figures in its sentences are those of the estimate", () => {
  const useOf = (connections: number, name: string) => {
    const use = quotasOf(usual(connections)).find((one) => one.name === name);
    if (!use) throw new Error(`there is no quota ${name}`);
    return use;
  };
  const [requests, frames] = ["API Gateway: requests a second", "this stack: socketRateLimit"];
  expect(useOf(100_000, requests).fullAtConnections / 1e6).toBeCloseTo(1.5, 1);
  expect(useOf(100_000, frames).fullAtConnections / 1e6).toBeCloseTo(0.92, 2);
  expect(page).toMatch(/At about 1\.5 million the quota is used\s+up on an average day/);
  expect(page).toContain("At about 920,000 `socketRateLimit` is used up on an average day");
  const largePush = (name: string, connections: number) => {
    const { peak, limit } = useOf(connections, name);
    return peak / limit;
  };
  expect(largePush(frames, 200_000)).toBeCloseTo(1, 1);
  expect(largePush(requests, 450_000)).toBeCloseTo(1, 2);
  expect(page).toMatch(/up to 200,000 connections, when acks,[^.]*`socketRateLimit`, and to 450,000/);
  const million = usual(1e6);
  const run = { seed: 1, tickSeconds: 0.05, mostSeconds: 7_200 };
  const { refused } = simulateReconnect(systemOf(million), 1e6, run);
  expect(Math.round(refused / 1e7)).toBe(7);
  expect(page).toMatch(/a million pages make 70\s+million of them/);
  expect(1 / cpuSecondsPerPost).toBeCloseTo(12_500, 6);
  expect(page).toContain("a worker could do 12,500 a second");
});

test("both pages say what a page costs that polls", () => {
  const connected = estimate(usual(100_000)).costs.total.total / 100_000;
  const ratio = pollingUsd(pollsPerHour.quiet) / connected;
  expect(ratio).toBeGreaterThan(7.5);
  expect(ratio).toBeLessThan(12.5);
  expect(page).toContain("A page that polls costs some ten times a connected one");
  const readme = readFileSync(join(folder, "../README.md"), "utf8");
  expect(readme).toContain("A page that polls costs about ten times as much as a connected one");
});

test("a folder without the page is refused", () => {
  expect(() => docsOf("cli")).toThrow("--docs should be a folder that holds scaling.md, got cli");
});
