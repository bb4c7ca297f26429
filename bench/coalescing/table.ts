import { prices } from "../../cli/estimate/prices.ts";
import type { Burst } from "./run-burst.ts";

/** One burst in both ways. */
export interface Pair {
  with: Burst;
  without: Burst;
}

const dollars = (billed: number) => (billed / 1e6) * prices.messages;
const share = (part: number, whole: number) => (part / whole).toFixed(2);
const columns = [20, 8, 8, 8, 8, 16, 16, 17, 15];
const connection = (cells: readonly string[]) => cells.map((cell, i) => cell.padStart(columns[i] ?? 0)).join("");
const pairOf = (pair: Pair, text: (burst: Burst) => string) => `${text(pair.with)} / ${text(pair.without)}`;

const head = ["messages, one every", "posts", "acks", "price", "time", "posts", "acks", "USD", "last post, s"];

/** Ratios first, each of with pressure relief to without. */
export function burstTable(pairs: readonly Pair[]): string {
  return [
    "```",
    "With pressure relief / without: the same messages to the same members, the control sends each message alone",
    connection(head),
    ...pairs.map((pair) => connection(cellsOf(pair))),
    "",
    `A room of ${pairs[0]?.with.members ?? 0} who ack, 5,000 posts a second, 5 workers. Time is virtual, so that the numbers are the same on`,
    `every machine. The price is that of posts and acks: ${prices.messages} USD per million messages, each begun 32 KB one.`,
    "```",
  ].join("\n");
}

function cellsOf(pair: Pair): string[] {
  const { with: a, without: b } = pair;
  return [
    `${a.messages}, ${a.everyMs} ms`,
    share(a.posts, b.posts),
    share(a.acks, b.acks),
    share(a.billed, b.billed),
    share(a.lastPostMs, b.lastPostMs),
    pairOf(pair, ({ posts }) => `${posts}`),
    pairOf(pair, ({ acks }) => `${acks}`),
    pairOf(pair, ({ billed }) => dollars(billed).toFixed(3)),
    pairOf(pair, ({ lastPostMs }) => (lastPostMs / 1000).toFixed(1)),
  ];
}
