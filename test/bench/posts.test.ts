import { expect, test } from "vitest";
import { ways } from "../../bench/posts/clients.ts";
import { type Measured, postsTable, type Setting } from "../../bench/posts/table.ts";
import { ok, openStub } from "../lambdas/adapters/http1/stub-server.ts";

const ids = Array.from({ length: 60 }, (_, i) => `L0SM9c${i}=`);
const text = '{"type":"message"}';

// A way that posts less, or waits for less, would be called fast.
test.each(Object.keys(ways))("%s posts to each connection once and waits for all answers", async (name) => {
  let answered = 0;
  const { url, requests } = await openStub(({ socket }) => {
    setImmediate(() => {
      answered += 1;
      socket.write(ok);
    });
    return undefined;
  });
  await ways[name]?.(new URL("/socket", url))(ids, text);
  expect(answered).toBe(ids.length);
  expect(requests.map(({ body }) => body)).toEqual(ids.map(() => text));
  // Raw sockets send the same bytes again and again.
  if (name === "rawSockets") return;
  const paths = requests.map(({ head }) => head.split(" ")[1]);
  expect(paths.toSorted()).toEqual(ids.map((id) => `/socket/@connections/${encodeURIComponent(id)}`).toSorted());
});

test("the table puts the ratios first, with the goals that are met and those that are not", () => {
  const settings: Setting[] = [
    { isSecure: false, latencyMs: 0 },
    { isSecure: true, latencyMs: 10 },
  ];
  const micros: Record<string, number> = { ours: 50, sdkAll: 500, sdkTuned: 350, undiciBare: 30 };
  const measured: Measured[] = settings.flatMap((setting) =>
    Object.entries(micros).map(([name, cpuMicros]) => ({ name, setting, cpuMicros, perSecond: 1_000 })),
  );
  const lines = postsTable(measured, { hops: 5, postsPerRound: 100 }).split("\n").slice(2, 8);
  expect(lines.map((line) => line.trim().replace(/ {2,}/g, "  "))).toEqual([
    "HTTP, 0 ms: ours / SDK, Promise.all  1/10  ≤ 1/8  ✓",
    "HTTP, 0 ms: ours / SDK tuned  1/7  ≤ 1/8  ✗",
    "TLS, 10 ms: ours / SDK, Promise.all  1/10  ≤ 1/7  ✓",
    "TLS, 10 ms: ours / SDK tuned  1/7  ≤ 1/7  ✓",
    "HTTP, 0 ms: ours / unsigned undici  1.67  ≤ 1.40  ✗",
    "TLS, 10 ms: ours / unsigned undici  1.67  ≤ 1.40  ✗",
  ]);
});
