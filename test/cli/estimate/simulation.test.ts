import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Later } from "../../../cli/estimate/simulation/delay-line.ts";
import { arrivals, seeded } from "../../../cli/estimate/simulation/random.ts";
import { Bucket } from "../../../cli/estimate/simulation/token-bucket.ts";

describe("a token bucket", () => {
  test("grants what it holds at once, and then its rate", () => {
    const bucket = new Bucket(10, 5);
    expect(bucket.take(7)).toBe(5);
    bucket.pass(0.2);
    expect(bucket.take(7)).toBe(2);
    bucket.pass(60);
    expect(bucket.take(7)).toBe(5);
  });

  test("shares out all that it holds, never more, and nobody gets more than they wanted", () => {
    const wants = fc.array(fc.nat(50), { minLength: 1, maxLength: 8 });
    fc.assert(
      fc.property(wants, fc.nat(200), fc.nat(), (wanted, held, seed) => {
        const granted = new Bucket(1, held).share(wanted, seeded(seed));
        const sum = (counts: number[]) => counts.reduce((all, one) => all + one, 0);
        expect(sum(granted)).toBe(Math.min(held, sum(wanted)));
        for (const [i, count] of granted.entries()) {
          expect(count).toBeGreaterThanOrEqual(0);
          expect(count).toBeLessThanOrEqual(wanted[i] ?? 0);
        }
      }),
    );
  });

  test("gives all who come at once the same chance", () => {
    const random = seeded(1);
    const totals = [0, 0];
    for (let round = 0; round < 2_000; round += 1) {
      const [a = 0, b = 0] = new Bucket(1, 30).share([60, 20], random);
      totals[0] = (totals[0] ?? 0) + a;
      totals[1] = (totals[1] ?? 0) + b;
    }
    expect((totals[0] ?? 0) / (totals[1] ?? 1)).toBeCloseTo(3, 1);
  });
});

test("what is put off happens in its tick, once", () => {
  const later = new Later(3);
  later.add(1, 5);
  later.add(3, 7);
  expect([later.next(), later.next(), later.next(), later.next()]).toEqual([5, 0, 7, 0]);
});

test.each([0.3, 5, 400])("arrivals come as often as expected on average: %f", (expected) => {
  const random = seeded(2);
  let sum = 0;
  for (let i = 0; i < 5_000; i += 1) sum += arrivals(expected, random);
  expect(sum / 5_000 / expected).toBeCloseTo(1, 1);
});
