import { prices } from "../../cli/estimate/prices.ts";
import { table } from "../../cli/table.ts";
import type { Burst } from "./run-burst.ts";

/** One burst with and without coalescing. */
export interface Pair {
  with: Burst;
  without: Burst;
}

const dollars = (billed: number) => (billed / 1e6) * prices.messages;
const share = (part: number, whole: number) => (part / whole).toFixed(2);
const both = (pair: Pair, text: (burst: Burst) => string) => `${text(pair.with)} / ${text(pair.without)}`;

const head = ["messages, one every", "posts", "acks", "price", "time", "posts", "acks", "USD", "last post, s"];

/** Ratios come first: with coalescing, divided by without. */
export function coalescingReport(pairs: readonly Pair[]): string[] {
  return [
    "With coalescing / without: the same messages to the same members",
    ...table(head, pairs.map(cellsOf)),
    "",
    `A room of ${pairs[0]?.with.members ?? 0} members that ack, 5,000 posts a second, 5 workers, virtual time: the same numbers on every machine.`,
    `The price includes posts and acks: ${prices.messages} USD per million messages of 32 KB.`,
  ];
}

function cellsOf(pair: Pair): string[] {
  const { with: a, without: b } = pair;
  return [
    `${a.messages}, ${a.everyMs} ms`,
    share(a.posts, b.posts),
    share(a.acks, b.acks),
    share(a.billed, b.billed),
    share(a.lastPostMs, b.lastPostMs),
    both(pair, ({ posts }) => `${posts}`),
    both(pair, ({ acks }) => `${acks}`),
    both(pair, ({ billed }) => dollars(billed).toFixed(3)),
    both(pair, ({ lastPostMs }) => (lastPostMs / 1000).toFixed(1)),
  ];
}
