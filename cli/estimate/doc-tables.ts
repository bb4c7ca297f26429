import type { Advice } from "./advice.ts";
import { amount, duration, large, percent } from "./amounts.ts";
import { estimate } from "./estimate.ts";
import { pollingUsd, pollsPerHour } from "./polling.ts";
import type { Question } from "./scenario.ts";
import { quotasOf } from "./quotas.ts";
import { everyoneAt, raised, sizes, usual, waveAt } from "./doc-scenarios.ts";

type Row = readonly string[];

/** The tables of docs/scaling.md, by the names of their places there. */
export const docTables: Record<string, () => string> = {
  sizes: () => {
    return tableOf(
      ["connections", "a month, USD", "requests a second, average", "push to everyone", "99 % back after an outage"],
      sizes.map((connections) => {
        const { costs, load } = estimate(usual(connections));
        const [everyone, wave] = [everyoneAt(usual(connections)), waveAt(usual(connections))];
        return [
          amount(connections),
          money(costs.total.total),
          amount(load.requests),
          duration(everyone.seconds),
          duration(wave.seconds),
        ];
      }),
    );
  },
  costs: () => {
    const { costs } = estimate(usual(100_000));
    const { items, total } = costs;
    return tableOf(
      ["what", "how many a month", "USD", "share"],
      [
        ...items.map(({ name, times, usd }) => [
          name,
          large(times),
          money(usd.total),
          percent(usd.total / total.total),
        ]),
        ["**all together**", "", `**${money(total.total)}**`, ""],
      ],
    );
  },
  quotas: () =>
    tableOf(
      ["quota", "limit", ...sizes.slice(1).map(large), "full on average at"],
      quotasOf(usual(100_000)).map(({ name, limit, fullAtConnections }) => [
        name,
        amount(limit),
        ...sizes.slice(1).map((connections) => {
          const use = quotasOf(usual(connections)).find((one) => one.name === name);
          return use ? `${percent(use.steady / limit)}, ${percent(use.peak / limit)}` : "";
        }),
        fullAtConnections > 1e9 ? "never" : large(fullAtConnections),
      ]),
    ),
  polls: () => {
    const connected = estimate(usual(100_000)).costs.total.total / 100_000;
    const { quiet, hasty } = pollsPerHour;
    return tableOf(
      ["a page", "polls an hour", "a month, USD"],
      [
        ["is connected, hears something every ten minutes", "·", money(connected)],
        ["polls, hears nothing", amount(quiet), money(pollingUsd(quiet))],
        ["polls, hears something every half minute", amount(hasty), money(pollingUsd(hasty))],
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
      [...sizes.slice(0, 3), 300_000, ...sizes.slice(3)].map((connections) => askRow(usual(connections))),
    ),
  checks: () =>
    tableOf(
      ["connections", "quota", "push to everyone: formula", "simulated", "99 % back: formula", "simulated"],
      checks(),
    ),
};

function askRow(question: Question): Row {
  const { advice } = estimate(question);
  const of = (whom: Advice["whom"], what: string, now: number) => {
    const to = advice.find((one) => one.whom === whom && one.what === what)?.to;
    return to === undefined ? `${amount(now)}, as it is` : `**${amount(to)}**`;
  };
  return [
    amount(question.connections),
    of("design", "cells", 1).replace(", as it is", ""),
    of("AWS", "API Gateway requests a second", question.requestsPerSecond),
    of("AWS", "API Gateway new connections a second", question.connectsPerSecond),
    of("stack", "postsPerSecond", question.postsPerSecond),
    of("stack", "socketRateLimit", question.socketRateLimit),
  ];
}

function checks(): Row[] {
  const quotas: [name: string, change: Partial<Question>][] = [
    ["AWS's default", {}],
    ["raised", { ...raised, connectsPerSecond: 10_000 }],
  ];
  return quotas.flatMap(([name, change]) =>
    sizes.map((connections) => {
      const question = { ...usual(connections), ...change };
      const both = [everyoneAt(question), waveAt(question)];
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

/** @returns the page with its tables as they are now, each between `<!-- table: NAME -->` and `<!-- end -->` */
export function withTables(page: string): string {
  return page.replaceAll(/(<!-- table: (\w+) -->\n\n)[\s\S]*?(\n\n<!-- end -->)/g, (_, before, name, after) => {
    const table = docTables[name];
    if (!table) throw new Error(`there is no table ${name}; there are ${Object.keys(docTables).join(", ")}`);
    return `${before}${table()}${after}`;
  });
}
