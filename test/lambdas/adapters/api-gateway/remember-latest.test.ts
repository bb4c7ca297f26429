import { expect, test } from "vitest";
import { rememberLatest } from "../../../../lambdas/adapters/api-gateway/remember-latest.ts";

test("what was made for a text is there for the next who asks, until so many newer ones have come", () => {
  const calls: string[] = [];
  const upper = rememberLatest(2, (text) => {
    calls.push(text);
    return text.toUpperCase();
  });
  expect(["a", "a", "b", "a", "c", "b", "a"].map(upper)).toEqual(["A", "A", "B", "A", "C", "B", "A"]);
  expect(calls).toEqual(["a", "b", "c", "a"]);
});
