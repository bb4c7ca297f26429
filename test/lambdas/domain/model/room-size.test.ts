import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ackWithinMs } from "../../../../lambdas/domain/model/room-size.ts";

describe("ackWithinMs", () => {
  test.each([
    ["of 200 members: absent", 200, undefined],
    ["of 201: half a second", 201, 500],
    ["of 800: a second", 800, 1_000],
    ["of 10,000: 16 s", 10_000, 16_000],
    ["of 100,000: about two minutes", 100_000, 128_000],
  ])("%s", (_, members, ms) => {
    expect(ackWithinMs("456", { seen: members, share: 1 })).toBe(ms);
  });

  test("of any size: 400 to 800 acks a second, and each time is twice the next shorter one", () => {
    fc.assert(
      fc.property(fc.integer({ min: 201, max: 10_000_000 }), (members) => {
        const ms = ackWithinMs("456", { seen: members, share: 1 }) ?? 250;
        expect((members / ms) * 1000).toBeLessThanOrEqual(800);
        expect((members / ms) * 1000).toBeGreaterThan(400);
        expect(Math.log2(ms / 250) % 1).toBe(0);
      }),
    );
  });

  test("of everyone: absent, because each member has a key of its own", () => {
    expect(ackWithinMs("@all", { seen: 251 })).toBeUndefined();
    expect(ackWithinMs("@all", { seen: 250, share: 1 })).toBeUndefined();
  });

  test("of an empty room: absent", () => {
    expect(ackWithinMs("456", { seen: 0, share: 1 })).toBeUndefined();
  });
});
