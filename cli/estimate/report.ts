import { rule, table } from "../table.ts";
import type { Advice } from "./advice.ts";
import { amount, duration, large, percent, usd } from "./amounts.ts";
import type { CostItem, Costs } from "./cost.ts";
import type { Estimate } from "./estimate.ts";
import type { QuotaUse } from "./quotas.ts";
import { membersOf } from "./scenario.ts";
import type { Time } from "./times.ts";

/** The estimate for a terminal: tables with an explanation at the end of each line. */
export function reportOf({ scenario, load, costs, ratio, times, quotas, advice }: Estimate): string {
  const { connections, rooms, roomsPerConnection, pushesPerMinute, everyonePerDay, payloadBytes } = scenario;
  return [
    `${amount(connections)} connections, open all month; each in ${amount(roomsPerConnection)} of ${amount(rooms)} rooms of ${amount(membersOf(scenario))}`,
    `${amount(pushesPerMinute)} pushes a minute to rooms, ${amount(everyonePerDay)} a day to everyone, ${amount(payloadBytes)} bytes each, qos ${scenario.qos}`,
    `a heartbeat after ${amount(scenario.heartbeatSeconds)} s of silence; ${amount(load.posts)} deliveries and ${amount(load.requests)} requests a second`,
    "",
    "COST A MONTH, USD (30 days, us-east-1, no free tier; counted operations × AWS's prices)",
    "",
    ...costTable(costs.items, costs.total),
    "",
    `  A connection costs ${amount(costs.total.total / connections)} a month. 1 M deliveries to rooms of 1,000 at qos 0 cost ${ratio.toFixed(3)} × API Gateway's price`,
    "  of their messages (budget: at most 1.1). Not included: storage, backups, alarms, cold starts, the pushing services.",
    "",
    "TIME TO DELIVER",
    "",
    ...timeTable(times),
    "",
    "QUOTAS, the most used first",
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
  return reasonTable(
    ["", "how many", ...columns.map(([head]) => head), ""],
    [
      ...items.map(({ name, times, usd: costs, what }) => [name, large(times), ...cells(costs), what]),
      rule,
      ["total", "", ...cells(total), ""],
      ["", "", ...columns.map(([, of]) => percent(of(total) / total.total)), "of the total"],
    ],
  );
}

function timeTable(times: readonly Time[]): string[] {
  const isSimulated = times.some(({ simulatedSeconds }) => simulatedSeconds !== undefined);
  return reasonTable(
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
  return reasonTable(
    ["", "limit", "average", "", "peak", "", "average reaches limit at", ""],
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
  if (advice.length === 0) return ["NOTHING TO CHANGE: these quotas and settings are enough."];
  const of = (target: Advice["target"]) => advice.filter((one) => one.target === target);
  const rows = (list: readonly Advice[]) =>
    reasonTable(
      [],
      list.map(({ what, from, to, why }) => [what, `${amount(from)} → ${amount(to)}`, why]),
    );
  const part = (heading: string, target: Advice["target"]) =>
    of(target).length > 0 ? [heading, "", ...rows(of(target)), ""] : [];
  const each = of("design").length > 0 ? ", for each cell" : "";
  return [
    ...part("SPLIT INTO CELLS (see docs/scaling.md)", "design"),
    ...part(`REQUEST FROM AWS (Service Quotas, this account and Region${each})`, "AWS"),
    ...part(`SET IN THE STACK${each}`, "stack"),
    ...part("GOALS OUT OF REACH even with these changes", "goal"),
  ].slice(0, -1);
}

/** Names in the first column and explanations in the last, numbers between them. */
const reasonTable = (head: string[], rows: readonly (string[] | typeof rule)[]): string[] =>
  table(head, rows, { indent: 2, isLastLeft: true });
