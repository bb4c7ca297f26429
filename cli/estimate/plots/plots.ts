import { amount, duration, large } from "../amounts.ts";
import { costsOf } from "../cost.ts";
import type { Question } from "../scenario.ts";
import { quotasOf } from "../quotas.ts";
import { everyoneAt, usual as question, raised, sizes, waveAt, withinSizes } from "../doc-scenarios.ts";
import type { Chart, Point } from "./chart.ts";

const xLabel = "connections, open at the same time";
const xTick = large;

/** The pictures of docs/scaling.md, by the names of their files. */
export const plots: Record<string, () => Chart> = {
  "scaling-cost.svg": costChart,
  "scaling-everyone.svg": everyoneChart,
  "scaling-outage.svg": outageChart,
  "scaling-quotas.svg": quotaChart,
};

const perHour = Array.from({ length: 41 }, (_, i) => 10 ** (-1 + i / 10));

function costChart(): Chart {
  const base = question(100_000);
  // Rooms of ten: each push is a message to ten connections.
  const costs = perHour.map((messages) => ({
    messages,
    ...costsOf({ ...base, pushesPerMinute: (messages * base.rooms) / 60 }),
  }));
  const of = (name: string, items: string[]) => ({
    name,
    points: costs
      .map(({ messages, items: all }): Point => {
        const chosen = all.filter((item) => items.length === 0 || items.includes(item.name));
        return [messages, chosen.reduce((sum, { usd }) => sum + usd.total, 0)];
      })
      // Less than some dollars would only make the axis long.
      .filter(([, dollars]) => dollars >= 10),
  });
  return {
    title: "What 100,000 connections cost a month, by how much they are told",
    subtitle: "Open all month, rooms of 10, qos 1, 200 bytes. Who is told often needs no heartbeats.",
    xLabel: "messages to each connection in an hour",
    yLabel: "USD a month",
    xTick: amount,
    yTick: (dollars) => `$${large(dollars)}`,
    series: [
      of("all together", []),
      of("pushes, with their posts", ["pushes to rooms", "pushes to everyone", "data out"]),
      of("acks, redelivery's looks", ["acks", "redelivery's looks"]),
      of("heartbeats", ["heartbeats"]),
      of("minutes of connection", ["connections kept open"]),
      of("reconnects every 2 h", ["reconnects"]),
    ],
  };
}

/** People count in minutes and hours. */
const timeTicks = [0.1, 1, 10, 60, 600, 3_600, 36_000];
const timeTick = (seconds: number) =>
  seconds < 60 ? duration(seconds) : seconds < 3_600 ? `${seconds / 60} min` : `${seconds / 3_600} h`;

function everyoneChart(): Chart {
  const of = (name: string, change: Partial<Question>) => {
    const at = (connections: number) => everyoneAt({ ...question(connections), ...change });
    return {
      name,
      points: withinSizes.map((n): Point => [n, at(n).seconds]),
      dots: sizes.map((n): Point => [n, at(n).simulatedSeconds ?? Infinity]),
    };
  };
  return {
    title: "How long a push to everyone takes, until the last page has it",
    subtitle:
      "Lines: the formula. Dots: the simulation. × ends a line: the quota is too small, and somebody is never reached.",
    xLabel,
    yLabel: "time to the last page",
    xTick,
    yTicks: timeTicks,
    yTick: timeTick,
    series: [
      of("AWS's default quota, qos 0", { qos: 0 }),
      of("AWS's default quota, qos 1", {}),
      of("100,000 requests/s, qos 1", raised),
    ],
  };
}

function outageChart(): Chart {
  const of = (connectsPerSecond: number, more: Partial<Question>) => {
    const at = (connections: number) => waveAt({ ...question(connections), ...more, connectsPerSecond });
    return {
      name: `${amount(connectsPerSecond)} new a second${connectsPerSecond === 500 ? ", the default" : ""}`,
      points: withinSizes.map((n): Point => [n, at(n).seconds]),
      dots: sizes.map((n): Point => [n, at(n).simulatedSeconds ?? Infinity]),
    };
  };
  return {
    title: "Everybody reconnects at once: how long until 99 % are back",
    subtitle: "Lines: the formula. Dots: the simulation. × ends a line: what goes on all day alone uses up the quota.",
    xLabel,
    yLabel: "time until 99 % are back",
    xTick,
    yTicks: timeTicks,
    yTick: timeTick,
    series: [of(500, {}), of(2_000, raised), of(10_000, raised)],
  };
}

function quotaChart(): Chart {
  const of = (name: string, label: string, moment: "steady" | "peak") => ({
    name: label,
    points: withinSizes.map((connections): Point => {
      const use = quotasOf(question(connections)).find((one) => one.name === name);
      return [connections, use ? use[moment] / use.limit : Infinity];
    }),
  });
  return {
    title: "Which quota is hit first",
    subtitle: "Share of AWS's default quotas. Above the dashed line requests are refused.",
    xLabel,
    yLabel: "share of the quota",
    xTick,
    yTick: (share) => `${amount(share * 100)} %`,
    series: [
      of("API Gateway: requests a second", "requests, large push going out", "peak"),
      of("API Gateway: requests a second", "requests, average", "steady"),
      of("this stack: socketRateLimit", "frames (socketRateLimit), at worst", "peak"),
      of("API Gateway: new connections a second", "new connections, average", "steady"),
      of("DynamoDB: writes a second to a table", "DynamoDB writes, all coming back", "peak"),
      of("Lambda: functions at once", "Lambda at once, at worst", "peak"),
    ],
    marks: [{ y: 1, text: "100 %: the quota" }],
  };
}
