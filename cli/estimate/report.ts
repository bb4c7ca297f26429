import type { Advice } from "./advice.ts";
import { amount, duration, large, percent, usd } from "./amounts.ts";
import type { CostItem, Costs } from "./cost.ts";
import type { Estimate } from "./estimate.ts";
import { membersOf } from "./scenario.ts";
import type { QuotaUse } from "./quotas.ts";
import type { Time } from "./times.ts";

/** The estimate for a terminal: tables with a reason at the end of each line. */
export function reportOf({ question, load, costs, ratio, times, quotas, advice }: Estimate): string {
  const { connections, rooms, roomsPerConnection, pushesPerMinute, everyonePerDay, payloadBytes } = question;
  return [
    `${amount(connections)} connections, open all month; each in ${amount(roomsPerConnection)} of ${amount(rooms)} rooms of ${amount(membersOf(question))}`,
    `${amount(pushesPerMinute)} pushes a minute to rooms, ${amount(everyonePerDay)} a day to everyone, ${amount(payloadBytes)} bytes each, qos ${question.qos}`,
    `a heartbeat after ${amount(question.heartbeatSeconds)} s of silence; in all ${amount(load.posts)} deliveries and ${amount(load.requests)} requests a second`,
    "",
    "COST A MONTH, USD (30 days, us-east-1, no free tier; counted operations × AWS's prices)",
    "",
    ...costTable(costs.items, costs.total),
    "",
    `  A connection costs ${amount(costs.total.total / connections)} a month. 1 M deliveries to rooms of 1,000 at qos 0 cost ${ratio.toFixed(3)} × what API Gateway`,
    `  alone charges for them (goal: at most 1.1). Not in it: storage, backups, alarms, cold starts, what services do before they push.`,
    "",
    "TIME TO DELIVER",
    "",
    ...timeTable(times),
    "",
    "QUOTAS, the one that is hit first on top",
    "",
    ...quotaTable(quotas),
    "",
    ...adviceList(advice),
  ].join("\n");
}

const columns: [head: string, of: (costs: Costs) => number][] = [
  ["API Gateway", ({ messages, minutes, rest }) => messages + minutes + rest],
  ["Lambda", ({ lambda }) => lambda],
  ["DynamoDB", ({ dynamo }) => dynamo],
  ["SQS", ({ queues }) => queues],
  ["other", ({ others }) => others],
  ["total", ({ total }) => total],
];

function costTable(items: readonly CostItem[], total: Costs): string[] {
  const cells = (costs: Costs) => columns.map(([, of]) => usd(of(costs)));
  return table(
    ["", "how many", ...columns.map(([head]) => head), ""],
    [
      ...items.map(({ name, times, usd: costs, what }) => [name, large(times), ...cells(costs), what]),
      "line",
      ["total", "", ...cells(total), ""],
      ["", "", ...columns.map(([, of]) => percent(of(total) / total.total)), "of the total"],
    ],
  );
}

function timeTable(times: readonly Time[]): string[] {
  const isSimulated = times.some(({ simulatedSeconds }) => simulatedSeconds !== undefined);
  return table(
    ["", "takes", ...(isSimulated ? ["simulated"] : []), ""],
    times.map(({ name, seconds, why, simulatedSeconds }) => [
      name,
      duration(seconds),
      ...(isSimulated ? [simulatedSeconds === undefined ? "·" : duration(simulatedSeconds)] : []),
      why,
    ]),
  );
}

function quotaTable(quotas: readonly QuotaUse[]): string[] {
  return table(
    ["", "limit", "average", "", "at worst", "", "average full at", ""],
    quotas.map(({ name, limit, steady, peak, peakWhen, fullAtConnections }) => [
      name,
      amount(limit),
      amount(steady),
      percent(steady / limit),
      amount(peak),
      percent(peak / limit) + (peak > limit ? " !" : ""),
      fullAtConnections > 1e9 ? "·" : large(fullAtConnections),
      peak > steady ? peakWhen : "",
    ]),
  );
}

function adviceList(advice: readonly Advice[]): string[] {
  if (advice.length === 0) return ["NOTHING TO ASK FOR: these quotas and settings are enough."];
  const of = (whom: Advice["whom"]) => advice.filter((one) => one.whom === whom);
  const rows = (list: readonly Advice[]) =>
    table(
      [],
      list.map(({ what, from, to, why }) => [what, `${amount(from)} → ${amount(to)}`, why]),
    );
  const part = (heading: string, whom: Advice["whom"]) =>
    of(whom).length > 0 ? [heading, "", ...rows(of(whom)), ""] : [];
  const each = of("design").length > 0 ? ", for each cell" : "";
  return [
    ...part("SPLIT (docs/scaling.md says how)", "design"),
    ...part(`ASK AWS FOR (Service Quotas, this account and Region${each})`, "AWS"),
    ...part(`SET IN THE STACK${each}`, "stack"),
    ...part("OUT OF REACH even then", "goal"),
  ].slice(0, -1);
}

/** Names and reasons to the left, figures to the right. */
function table(heads: string[], rows: readonly (string[] | "line")[]): string[] {
  const cells = rows.filter((row) => row !== "line");
  const count = Math.max(heads.length, ...cells.map((row) => row.length));
  const widths = Array.from({ length: count }, (_, i) =>
    Math.max(...[heads, ...cells].map((row) => (row[i] ?? "").length)),
  );
  const line = (row: readonly string[]) =>
    `  ${row.map((cell, i) => (i === 0 || i === count - 1 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0))).join("  ")}`.trimEnd();
  const rule = `  ${"─".repeat(widths.slice(0, -1).reduce((sum, width) => sum + width + 2, -2))}`;
  return [...(heads.length > 0 ? [line(heads)] : []), ...rows.map((row) => (row === "line" ? rule : line(row)))];
}
