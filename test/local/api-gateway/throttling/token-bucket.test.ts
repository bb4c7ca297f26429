import { expect, test } from "vitest";
import { tokenBucket } from "../../../../local/api-gateway/throttling/token-bucket.ts";
import { manualClock } from "../../support/manual-clock.ts";

test("half a token is not enough: half a second after emptying at 1/s, the next request is refused", () => {
  const clock = manualClock();
  const take = tokenBucket({ rate: 1, burst: 2 }, clock);
  expect([take(), take(), take()]).toEqual([true, true, false]);
  clock.advance(500);
  expect(take()).toBe(false);
  clock.advance(500);
  expect(take()).toBe(true);
});

test("a bucket never holds more than its burst, however long it is idle", () => {
  const clock = manualClock();
  const take = tokenBucket({ rate: 1, burst: 2 }, clock);
  clock.advance(60_000);
  expect([take(), take(), take()]).toEqual([true, true, false]);
});
