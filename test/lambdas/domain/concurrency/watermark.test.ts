import fc from "fast-check";
import { expect, test } from "vitest";
import { makeWatermark } from "../../../../lambdas/domain/concurrency/watermark.ts";

test("the watermark is the last work up to which all has ended, in any order of the ends", () => {
  const anyEnds = fc
    .integer({ min: 1, max: 40 })
    .chain((count) => fc.tuple(fc.constant(count), fc.array(fc.nat({ max: count - 1 }), { maxLength: 60 })));
  fc.assert(
    fc.property(anyEnds, ([count, order]) => {
      const watermark = makeWatermark("before");
      const ends = Array.from({ length: count }, (_, i) => watermark.start(`m-${i}`));
      const ended = new Set<number>();
      for (const i of order) {
        ended.add(i);
        ends[i]?.();
        let first = 0;
        while (ended.has(first)) first += 1;
        expect(watermark.upTo).toBe(first === 0 ? "before" : `m-${first - 1}`);
      }
    }),
  );
});

test("work that started later does not move the watermark before it ends", () => {
  const watermark = makeWatermark(undefined);
  expect(watermark.upTo).toBeUndefined();
  watermark.start("a")();
  const end = watermark.start("b");
  watermark.start("c")();
  expect(watermark.upTo).toBe("a");
  end();
  expect(watermark.upTo).toBe("c");
});
