import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { isGranted } from "../../../../lambdas/domain/model/grants.ts";

describe("a pattern", () => {
  test.each([
    ["456", "456", true],
    ["456", "4567", false],
    ["456", "x456", false],
    ["*", "456", true],
    ["*", "a", true],
    ["lobby-*", "lobby-1", true],
    ["lobby-*", "lobby-", true],
    ["lobby-*", "lobby", false],
    ["lobby-*", "my-lobby-1", false],
    ["*-1", "lobby-1", true],
    ["*-1", "lobby-12", false],
    ["a*a", "a", false],
    ["a*a", "aa", true],
    ["a*b*c", "a1b2c", true],
    ["a*b*c", "a1c2b", false],
    ["a**c", "abc", true],
    ["*b*", "b", true],
    ["a*bc*c", "abc", false],
    ["lobby.1", "lobby-1", false],
    ["", "a", false],
    ["LOBBY", "lobby", false],
  ])("%j on the room %j: %j", (pattern, roomId, covered) => {
    expect(isGranted([pattern], roomId)).toBe(covered);
  });

  test("means what the same regular expression means", () => {
    // Few letters, so that patterns and rooms match often.
    const pattern = fc.string({ unit: fc.constantFrom("a", "b", "*", "."), maxLength: 8 });
    const roomId = fc.string({ unit: fc.constantFrom("a", "b", "."), maxLength: 10 });
    fc.assert(
      fc.property(pattern, roomId, (pattern, roomId) => {
        const regExp = new RegExp(`^${pattern.replaceAll(".", "\\.").replaceAll("*", ".*")}$`);
        expect(isGranted([pattern], roomId)).toBe(regExp.test(roomId));
      }),
      { numRuns: 2_000 },
    );
  });

  test("that is hostile takes no longer", () => {
    // A matcher that backtracks would not finish this within years.
    expect(isGranted([`${"*a".repeat(500)}*b`], "a".repeat(5_000))).toBe(false);
  });
});

describe("a list of patterns", () => {
  test("without entries covers no room", () => {
    expect(isGranted([], "456")).toBe(false);
  });

  test("covers each room that one of its patterns covers", () => {
    expect(isGranted(["1", "4*"], "456")).toBe(true);
    expect(isGranted(["1", "5*"], "456")).toBe(false);
  });
});
