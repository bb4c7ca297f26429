import { expect, test } from "vitest";
import { type Burst, runBurst } from "../../bench/coalescing/run-burst.ts";
import { burstTable } from "../../bench/coalescing/table.ts";

// More messages than workers: those that come later wait together.
const small = { members: 400, messages: 12, everyMs: 20 };

test("a burst costs fewer posts, acks and billed messages when what waits together goes together", async () => {
  const coalesced = await runBurst({ ...small, coalesced: true });
  const alone = await runBurst({ ...small, coalesced: false });
  expect(alone.posts).toBe(small.members * small.messages);
  expect(coalesced.posts).toBeLessThan(alone.posts);
  expect(coalesced.acks).toBeLessThanOrEqual(alone.acks);
  // Each is a frame of some hundred bytes.
  for (const { billed, posts, acks } of [coalesced, alone]) expect(billed).toBe(posts + acks);
  expect(coalesced.lastPostMs).toBeLessThan(alone.lastPostMs);
});

test("the table puts the ratios first, of with relief to without", () => {
  const burst: Burst = { ...small, coalesced: true, posts: 500, acks: 300, billed: 800, lastPostMs: 1_000 };
  const without: Burst = { ...burst, coalesced: false, posts: 2_000, acks: 1_200, billed: 3_200, lastPostMs: 2_000 };
  const lines = burstTable([{ with: burst, without }]).split("\n");
  expect(lines[3]?.trim().split(/ {2,}/)).toEqual([
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
