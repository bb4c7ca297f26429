import { cpuSecondsPerPost } from "../../cli/estimate/architecture.ts";
import { assumedMs, type Cost, memoryMb, postsAtOnce } from "../../cli/estimate/prices.ts";
import { roundTripsOf, roundTripsToPostOf, type Usage } from "../../cli/estimate/usage.ts";
import type { Row, Storm } from "../../test/budgets/count-operations.ts";
import { mostRatio } from "../../test/budgets/count-operations.ts";

const nameWidth = 48;
const none = "·";
const mark = (isKept: boolean) => (isKept ? "✓" : "✗");

/** Both tables, at most 120 columns wide. */
export function tablesOf(rows: readonly Row[], storm: Storm): string {
  const usages = rows.map(({ group, name, usage, budget }) => ({ group, cells: [name, ...usageCells(usage, budget)] }));
  const costs = rows.map(({ group, name, cost }) => ({ group, cells: [name, ...costCells(cost)] }));
  const { own, roundTrip, order, post } = assumedMs;
  return [
    "What one operation takes",
    "  trips: sequential round trips to DynamoDB, those before the first post + those after it",
    "  reads, writes: request units    messages: of the WebSocket API, both ways",
    "",
    table(
      ["", "trips", "budget", "", "reads", "writes", "Lambdas", "messages", "REST", "SQS"],
      [7, 14, 2, 7, 8, 9, 10, 6, 5],
      usages,
    ),
    "",
    "What a million of them cost, USD (us-east-1, first tier, no free tier)",
    "",
    table(
      ["", "DynamoDB", "Lambda", "its time*", "messages", "REST", "SQS", "total"],
      [10, 9, 11, 10, 8, 8, 10],
      costs,
    ),
    "",
    stormLine(storm),
    "",
    `* assumed, for a warm function: ${own} ms of its own, ${roundTrip} ms per round trip, ${order} ms per order to SQS, posts of ${post} ms,`,
    `  ${postsAtOnce} at once, each ${cpuSecondsPerPost * 1e6} µs of CPU; memory as deployed: push and fan-out ${memoryMb.push} MB, the others ${memoryMb.socket} MB. All else is counted.`,
    "  Not in it: minutes of connection ($0.25 per million), logs, storage, data out to the internet.",
  ].join("\n");
}

function usageCells(usage: Usage, budget: Row["budget"]): string[] {
  const { reads, writes, invocations, messages, requests, queueRequests } = usage;
  const all = roundTripsOf(usage);
  const toPost = roundTripsToPostOf(usage);
  const trips = toPost === undefined || toPost === all ? `${all}` : `${toPost} + ${all - toPost}`;
  const counts = [reads, writes, invocations.length, messages, requests, queueRequests];
  return [trips, ...budgetCells(budget), ...counts.map((count) => (count === 0 ? none : `${count}`))];
}

function budgetCells(budget: Row["budget"]): [string, string] {
  if (!budget) return ["", ""];
  const { roundTrips, roundTripsToPost, invocations, isKept } = budget;
  const most = roundTripsToPost === undefined ? `≤ ${roundTrips}` : `≤ ${roundTripsToPost} + any`;
  return [invocations === 0 ? "0, no Lambda" : most, mark(isKept)];
}

const costCells = ({ dynamo, lambdaRequests, lambdaTime, messages, requests, queue, total }: Cost) =>
  [dynamo, lambdaRequests, lambdaTime, messages, requests, queue, total].map((usd) =>
    usd === 0 ? none : usd.toFixed(2),
  );

function stormLine({ cost, ratio, isKept }: Storm): string {
  const { messages, lambdaRequests, lambdaTime, dynamo, requests, queue, total } = cost;
  const parts = { "Lambda*": lambdaRequests + lambdaTime, DynamoDB: dynamo, REST: requests, SQS: queue };
  const others = Object.entries(parts).filter(([, usd]) => usd > 0);
  return [
    "One million deliveries to rooms of 1,000 at qos 0, USD",
    `  ${total.toFixed(3)} = messages ${messages.toFixed(3)} + ${others.map(([name, usd]) => `${name} ${usd.toFixed(3)}`).join(" + ")}`,
    `  ${ratio.toFixed(3)} × what API Gateway alone charges for the messages, budget ≤ ${mostRatio} ${mark(isKept)}`,
  ].join("\n");
}

function table(heads: string[], widths: number[], rows: { group: string; cells: string[] }[]): string {
  const line = ([name = "", ...cells]: string[]) =>
    `  ${name.padEnd(nameWidth)}${cells.map((cell, i) => cell.padStart(widths[i] ?? 0)).join("")}`.trimEnd();
  return [
    line(heads),
    ...rows.flatMap(({ group, cells }, i) => (group === rows[i - 1]?.group ? [line(cells)] : ["", line(cells)])),
  ].join("\n");
}
