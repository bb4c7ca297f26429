import { prices } from "../../../cli/estimate/prices.ts";
import type { Burst } from "./run-burst.ts";

/** One burst in both ways. */
export interface Pair {
  with: Burst;
  without: Burst;
}

const dollars = (billed: number) => (billed / 1e6) * prices.messages;
const share = (part: number, whole: number) => (part / whole).toFixed(2);
const columns = [22, 9, 9, 9, 22, 22, 22];
const line = (cells: readonly string[]) => cells.map((cell, i) => cell.padStart(columns[i] ?? 0)).join("");
const pairOf = (pair: Pair, text: (burst: Burst) => string) => `${text(pair.with)} / ${text(pair.without)}`;

/** Ratios first, each of with pressure relief to without. */
export function burstTable(pairs: readonly Pair[]): string {
  const [{ with: any } = { with: undefined }] = pairs;
  return [
    "```",
    "With pressure relief, of what it is without: the same messages to the same members, each message alone",
    line(["messages, one every", "posts", "price", "time", "posts", "messages billed", "last post, s"]),
    ...pairs.map((pair) => {
      const { with: a, without: b } = pair;
      return line([
        `${a.messages}, ${a.everyMs} ms`,
        share(a.posts, b.posts),
        share(a.billed, b.billed),
        share(a.lastPostMs, b.lastPostMs),
        pairOf(pair, ({ posts }) => `${posts}`),
        pairOf(pair, ({ billed }) => `${billed}`),
        pairOf(pair, ({ lastPostMs }) => (lastPostMs / 1000).toFixed(1)),
      ]);
    }),
    "",
    line(["", "acks", "", "", "acks", "USD", "posts per message"]),
    ...pairs.map((pair) =>
      line([
        `${pair.with.messages}, ${pair.with.everyMs} ms`,
        share(pair.with.acks, pair.without.acks),
        ...["", ""],
        pairOf(pair, ({ acks }) => `${acks}`),
        pairOf(pair, ({ billed }) => dollars(billed).toFixed(3)),
        pairOf(pair, ({ posts, messages }) => `${Math.round(posts / messages)}`),
      ]),
    ),
    "",
    `A room of ${any?.members ?? 0} who ack, 5,000 posts a second, 5 workers. Time is virtual, so that the numbers are the same on`,
    `every machine. Billed are posts and acks, at ${prices.messages} USD per million of 32 KB begun.`,
    "```",
  ].join("\n");
}
