import { expect, test } from "vitest";
import { type Burst, runBurst } from "../../bench/coalescing/run-burst.ts";
import { coalescingReport } from "../../bench/coalescing/table.ts";

// There are more messages than workers, so that later messages wait and coalesce.
const small = { members: 400, messages: 12, everyMs: 20 };

test("coalescing saves posts, acks and billed messages of a burst", async () => {
  const coalesced = await runBurst({ ...small, coalesced: true });
  const alone = await runBurst({ ...small, coalesced: false });
  expect(alone.posts).toBe(small.members * small.messages);
  expect(coalesced.posts).toBeLessThan(alone.posts);
  expect(coalesced.acks).toBeLessThanOrEqual(alone.acks);
  // Each frame has some hundred bytes, so it is billed as one message.
  for (const { billed, posts, acks } of [coalesced, alone]) expect(billed).toBe(posts + acks);
  expect(coalesced.lastPostMs).toBeLessThan(alone.lastPostMs);
});

test("the report has the ratios first: with coalescing, divided by without", () => {
  const burst: Burst = { ...small, coalesced: true, posts: 500, acks: 300, billed: 800, lastPostMs: 1_000 };
  const without: Burst = { ...burst, coalesced: false, posts: 2_000, acks: 1_200, billed: 3_200, lastPostMs: 2_000 };
  const lines = coalescingReport([{ with: burst, without }]);
  expect(lines[2]?.trim().split(/ {2,}/)).toEqual([
    "12, 20 ms",
    "0.25",
    "0.25",
    "0.25",
    "0.50",
    "500 / 2000",
    "300 / 1200",
    "0.001 / 0.003",
    "1.0 / 2.0",
  ]);
  expect(Math.max(...lines.map(({ length }) => length))).toBeLessThanOrEqual(120);
});
