import { expect, test } from "vitest";
import { checksFor } from "../../../../lambdas/domain/redelivery/plan.ts";

test.each([
  [251, 1],
  [10_000, 1],
  [10_100, 2],
  [198_000, 20],
])("an ack check of %i members is divided into %i", (members, checks) => {
  expect(checksFor({ seen: 251, share: 251 / members })).toBe(checks);
});

test("an ack check of everyone is divided into ten", () => {
  expect(checksFor({ seen: 251 })).toBe(10);
});
