import { expect, test } from "vitest";
import { rememberLatest } from "../../../../lambdas/adapters/api-gateway/remember-latest.ts";

test("a result is cached until the given number of newer ones have been added", () => {
  const calls: string[] = [];
  const upper = rememberLatest(2, (text) => {
    calls.push(text);
    return text.toUpperCase();
  });
  expect(["a", "a", "b", "a", "c", "b", "a"].map(upper)).toEqual(["A", "A", "B", "A", "C", "B", "A"]);
  expect(calls).toEqual(["a", "b", "c", "a"]);
});
