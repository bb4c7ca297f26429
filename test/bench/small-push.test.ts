import { expect, test } from "vitest";
import { pushes, stubDeps } from "../../bench/small-push/pushes.ts";
import { smallPushReport } from "../../bench/small-push/small-push.ts";

// Without this, a push with fewer calls would seem faster.
test.each(Object.keys(pushes))("%s calls the ports and posts to both members", async (name) => {
  const calls: string[] = [];
  const deps = stubDeps(() => calls.push("gateway.post"));
  const counted = Object.fromEntries(
    Object.entries(deps).map(([port, value]) => {
      if (port === "gateway" || typeof value !== "object") return [port, value];
      const methods = Object.entries(value).map(([method, call]) => [
        method,
        typeof call === "function" && method !== "urlOf"
          ? (...args: unknown[]) => {
              calls.push(`${port}.${method}`);
              return call(...args);
            }
          : call,
      ]);
      return [port, Object.fromEntries(methods)];
    }),
  );
  await pushes[name]?.(counted as typeof deps);
  expect(calls.toSorted()).toEqual([
    "gateway.post",
    "gateway.post",
    "log.append",
    "members.first",
    "pushes.finish",
    "rooms.nextSeq",
    "rooms.recordAckCheck",
  ]);
});

test("the report compares with the control, and with the budget", () => {
  const cells = (line = "") => line.trim().split(/ {2,}/);
  expect(smallPushReport(45, 20).slice(1, 4).map(cells)).toEqual([
    ["ours", "45.0", "2.3"],
    ["control: the same calls of the ports", "20.0", "1.0"],
    ["domain code: the difference", "25.0", "≤ 30 ✓"],
  ]);
  expect(smallPushReport(90, 20)[3]).toContain("✗");
});
