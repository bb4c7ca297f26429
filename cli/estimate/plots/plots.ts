import { amount, duration, large } from "../amounts.ts";
import { costsOf } from "../cost.ts";
import {
  everyoneTimeAt,
  raised,
  reconnectTimeAt,
  docScenario as scenario,
  sizes,
  withinSizes,
} from "../doc-scenarios.ts";
import { quotasOf } from "../quotas.ts";
import type { Scenario } from "../scenario.ts";
import type { Chart, Point } from "./chart.ts";

const xLabel = "open connections";
const xTick = large;

/** The plots of docs/scaling.md, by file name. */
export const plots: Record<string, () => Chart> = {
  "scaling-cost.svg": costChart,
  "scaling-everyone.svg": everyoneChart,
  "scaling-outage.svg": outageChart,
  "scaling-quotas.svg": quotaChart,
};

const perHour = Array.from({ length: 41 }, (_, i) => 10 ** (-1 + i / 10));

function costChart(): Chart {
  const base = scenario(100_000);
  // Rooms of ten: a push is a message to ten connections.
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
      // Smaller values would only make the axis longer.
      .filter(([, dollars]) => dollars >= 10),
  });
  return {
    title: "Cost of 100,000 connections a month, by messages to each connection",
    subtitle: "Open all month, rooms of 10, qos 1, 200 bytes. Connections with many messages send no heartbeats.",
    xLabel: "messages to each connection an hour",
    yLabel: "USD a month",
    xTick: amount,
    yTick: (dollars) => `$${large(dollars)}`,
    series: [
      of("total", []),
      of("pushes and their posts", ["pushes to rooms", "pushes to everyone", "data out"]),
      of("acks and ack checks", ["acks", "ack checks"]),
      of("heartbeats", ["heartbeats"]),
      of("connection minutes", ["connections kept open"]),
      of("reconnects every 2 h", ["reconnects"]),
    ],
  };
}

/** Seconds, minutes and hours. */
const timeTicks = [0.1, 1, 10, 60, 600, 3_600, 36_000];
const timeTick = (seconds: number) =>
  seconds < 60 ? duration(seconds) : seconds < 3_600 ? `${seconds / 60} min` : `${seconds / 3_600} h`;

function everyoneChart(): Chart {
  const of = (name: string, change: Partial<Scenario>) => {
    const at = (connections: number) => everyoneTimeAt({ ...scenario(connections), ...change });
    return {
      name,
      points: withinSizes.map((n): Point => [n, at(n).seconds]),
      dots: sizes.map((n): Point => [n, at(n).simulatedSeconds ?? Infinity]),
    };
  };
  return {
    title: "Duration of a push to everyone",
    subtitle:
      "Lines: formula. Dots: simulation. ×: with more connections the quota is too small, and some are never reached.",
    xLabel,
    yLabel: "time to the last connection",
    xTick,
    yTicks: timeTicks,
    yTick: timeTick,
    series: [
      of("default quotas, qos 0", { qos: 0 }),
      of("default quotas, qos 1", {}),
      of("100,000 requests/s, qos 1", raised),
    ],
  };
}

function outageChart(): Chart {
  const of = (connectsPerSecond: number, more: Partial<Scenario>) => {
    const at = (connections: number) => reconnectTimeAt({ ...scenario(connections), ...more, connectsPerSecond });
    return {
      name: `${amount(connectsPerSecond)} connects a second${connectsPerSecond === 500 ? " (default)" : ""}`,
      points: withinSizes.map((n): Point => [n, at(n).seconds]),
      dots: sizes.map((n): Point => [n, at(n).simulatedSeconds ?? Infinity]),
    };
  };
  return {
    title: "Time until 99 % of all pages reconnect after an outage",
    subtitle: "Lines: formula. Dots: simulation. ×: with more connections the average load alone exceeds the quota.",
    xLabel,
    yLabel: "time until 99 % reconnect",
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
      const use = quotasOf(scenario(connections)).find((one) => one.name === name);
      return [connections, use ? use[moment] / use.limit : Infinity];
    }),
  });
  return {
    title: "Use of each quota, by number of connections",
    subtitle: "Share of AWS's default quotas and of default settings. Above the dashed line requests are refused.",
    xLabel,
    yLabel: "share of the quota",
    xTick,
    yTick: (share) => `${amount(share * 100)} %`,
    series: [
      of("API Gateway: requests a second", "requests, peak", "peak"),
      of("API Gateway: requests a second", "requests, average", "steady"),
      of("this stack: socketRateLimit", "socketRateLimit, peak", "peak"),
      of("API Gateway: new connections a second", "new connections, average", "steady"),
      of("DynamoDB: writes a second to a table", "DynamoDB writes, peak", "peak"),
      of("Lambda: concurrent executions", "Lambda executions, peak", "peak"),
    ],
    marks: [{ y: 1, text: "100 %" }],
  };
}
