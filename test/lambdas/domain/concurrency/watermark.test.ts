import fc from "fast-check";
import { expect, test } from "vitest";
import { makeFloor } from "../../../../lambdas/domain/concurrency/watermark.ts";

test("the floor is the last one up to which all have ended, in whatever order they end", () => {
  const anyEnds = fc
    .integer({ min: 1, max: 40 })
    .chain((count) => fc.tuple(fc.constant(count), fc.array(fc.nat({ max: count - 1 }), { maxLength: 60 })));
  fc.assert(
    fc.property(anyEnds, ([count, order]) => {
      const floor = makeFloor("before");
      const ends = Array.from({ length: count }, (_, i) => floor.begin(`m-${i}`));
      const ended = new Set<number>();
      for (const i of order) {
        ended.add(i);
        ends[i]?.();
        let first = 0;
        while (ended.has(first)) first += 1;
        expect(floor.upTo).toBe(first === 0 ? "before" : `m-${first - 1}`);
      }
    }),
  );
});

test("one that is begun later does not move the floor before it ends", () => {
  const floor = makeFloor(undefined);
  expect(floor.upTo).toBeUndefined();
  floor.begin("a")();
  const end = floor.begin("b");
  floor.begin("c")();
  expect(floor.upTo).toBe("a");
  end();
  expect(floor.upTo).toBe("c");
});
