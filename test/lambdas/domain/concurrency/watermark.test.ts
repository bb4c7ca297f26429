import fc from "fast-check";
import { expect, test } from "vitest";
import { makeWatermark } from "../../../../lambdas/domain/concurrency/watermark.ts";

test("the floor is the last one up to which all have ended, in whatever order they end", () => {
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

test("one that is begun later does not move the floor before it ends", () => {
  const watermark = makeWatermark(undefined);
  expect(watermark.upTo).toBeUndefined();
  watermark.start("a")();
  const end = watermark.start("b");
  watermark.start("c")();
  expect(watermark.upTo).toBe("a");
  end();
  expect(watermark.upTo).toBe("c");
});
