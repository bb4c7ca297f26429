import type { Advice } from "./advice.ts";
import { amount, duration, large, percent } from "./amounts.ts";
import { docScenario, everyoneTimeAt, raised, reconnectTimeAt, sizes } from "./doc-scenarios.ts";
import { estimate } from "./estimate.ts";
import { pollingUsd, pollsPerHour } from "./polling.ts";
import { quotasOf } from "./quotas.ts";
import type { Scenario } from "./scenario.ts";

type Row = readonly string[];

/** The tables of docs/scaling.md, by the names in its comments. */
export const docTables: Record<string, () => string> = {
  sizes: () => {
    return tableOf(
      [
        "connections",
        "USD a month",
        "requests a second, average",
        "push to everyone",
        "99 % reconnect after an outage",
      ],
      sizes.map((connections) => {
        const { costs, load } = estimate(docScenario(connections));
        const [everyone, reconnect] = [
          everyoneTimeAt(docScenario(connections)),
          reconnectTimeAt(docScenario(connections)),
        ];
        return [
          amount(connections),
          money(costs.total.total),
          amount(load.requests),
          duration(everyone.seconds),
          duration(reconnect.seconds),
        ];
      }),
    );
  },
  costs: () => {
    const { costs } = estimate(docScenario(100_000));
    const { items, total } = costs;
    return tableOf(
      ["item", "count a month", "USD a month", "share"],
      [
        ...items.map(({ name, times, usd }) => [
          name,
          large(times),
          money(usd.total),
          percent(usd.total / total.total),
        ]),
        ["**total**", "", `**${money(total.total)}**`, ""],
      ],
    );
  },
  quotas: () =>
    tableOf(
      ["quota", "limit", ...sizes.slice(1).map(large), "average reaches limit at"],
      quotasOf(docScenario(100_000)).map(({ name, limit, fullAtConnections }) => [
        name,
        amount(limit),
        ...sizes.slice(1).map((connections) => {
          const use = quotasOf(docScenario(connections)).find((one) => one.name === name);
          return use ? `${percent(use.steady / limit)}, ${percent(use.peak / limit)}` : "";
        }),
        fullAtConnections > 1e9 ? "never" : large(fullAtConnections),
      ]),
    ),
  polls: () => {
    const connected = estimate(docScenario(100_000)).costs.total.total / 100_000;
    const { quiet, busy } = pollsPerHour;
    return tableOf(
      ["page", "polls an hour", "USD a month"],
      [
        ["connected, a message every ten minutes", "·", money(connected)],
        ["polling, no messages", amount(quiet), money(pollingUsd(quiet))],
        ["polling, a message every half minute", amount(busy), money(pollingUsd(busy))],
      ],
    );
  },
  asks: () =>
    tableOf(
      [
        "connections",
        "cells",
        "requests a second",
        "new connections a second",
        "`postsPerSecond`",
        "`socketRateLimit`",
      ],
      [...sizes.slice(0, 3), 300_000, ...sizes.slice(3)].map((connections) => askRow(docScenario(connections))),
    ),
  checks: () =>
    tableOf(
      ["connections", "quotas", "push to everyone: formula", "simulated", "99 % reconnect: formula", "simulated"],
      checks(),
    ),
};

function askRow(scenario: Scenario): Row {
  const { advice } = estimate(scenario);
  const of = (target: Advice["target"], what: string, now: number) => {
    const to = advice.find((one) => one.target === target && one.what === what)?.to;
    return to === undefined ? `${amount(now)} (default)` : `**${amount(to)}**`;
  };
  return [
    amount(scenario.connections),
    of("design", "cells", 1).replace(" (default)", ""),
    of("AWS", "API Gateway requests a second", scenario.requestsPerSecond),
    of("AWS", "API Gateway new connections a second", scenario.connectsPerSecond),
    of("stack", "postsPerSecond", scenario.postsPerSecond),
    of("stack", "socketRateLimit", scenario.socketRateLimit),
  ];
}

function checks(): Row[] {
  const quotas: [name: string, change: Partial<Scenario>][] = [
    ["default", {}],
    ["raised", { ...raised, connectsPerSecond: 10_000 }],
  ];
  return quotas.flatMap(([name, change]) =>
    sizes.map((connections) => {
      const scenario = { ...docScenario(connections), ...change };
      const both = [everyoneTimeAt(scenario), reconnectTimeAt(scenario)];
      const cells = both.flatMap(({ seconds, simulatedSeconds }) => [
        duration(seconds),
        simulatedSeconds === undefined ? "·" : duration(simulatedSeconds),
      ]);
      return [amount(connections), name, ...cells];
    }),
  );
}

const money = (dollars: number) => dollars.toLocaleString("en", { maximumFractionDigits: dollars < 10 ? 2 : 0 });

function tableOf(heads: Row, rows: readonly Row[]): string {
  const line = (cells: Row) => `| ${cells.join(" | ")} |`;
  return [line(heads), line(heads.map((_, i) => (i === 0 ? "---" : "---:"))), ...rows.map(line)].join("\n");
}

/** @returns the page with current tables, each between `<!-- table: NAME -->` and `<!-- end -->` */
export function withTables(page: string): string {
  return page.replaceAll(/(<!-- table: (\w+) -->\n\n)[\s\S]*?(\n\n<!-- end -->)/g, (_, before, name, after) => {
    const table = docTables[name];
    if (!table) throw new Error(`there is no table ${name}; there are ${Object.keys(docTables).join(", ")}`);
    return `${before}${table()}${after}`;
  });
}
