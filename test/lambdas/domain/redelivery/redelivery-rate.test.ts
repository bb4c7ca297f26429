import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { busiestSecond, type LargeRoom, openLargeRoom } from "../../../support/large-room.ts";

// An outage: for some seconds no post to anybody is answered, nor does it arrive. Time is virtual.

const members = 4_000;
const [postsPerSecond, resendsPerSecond] = [630, 70];
const outageMs = 9_000;
/** Of the function that looks. */
const timeoutMs = 30_000;

describe.each(["@all", "large-room"] as const)("after an outage in which nobody of %s got a message", (room) => {
  let crowd: LargeRoom;
  let startMs = 0;
  beforeAll(async () => {
    crowd = await openLargeRoom({ room, members, postsPerSecond, resendsPerSecond });
    const { time, faults } = crowd;
    // Handshakes are over.
    await time.runUntil(time.nowMs + 60_000);
    startMs = time.nowMs;
    faults.answer = () => (time.nowMs < startMs + outageMs ? "hang" : undefined);
    const pushed = crowd.push('"hi"');
    await time.runUntil(startMs + 600_000);
    await pushed;
  }, 120_000);
  afterAll(() => crowd.close());

  test("it is sent again to everybody, who sees it once", () => {
    const wrong = [...crowd.ackingPages.values()].filter((reader) => JSON.stringify(reader.dataOf(room)) !== '["hi"]');
    expect(wrong.map(({ page }) => page.session)).toEqual([]);
    expect(crowd.checks.isEmpty).toBe(true);
  });

  test("no second sees more posts than both rates allow together", () => {
    expect(busiestSecond(crowd.posts)).toBeLessThanOrEqual((postsPerSecond + resendsPerSecond) * 1.1);
  });

  test("and what is sent again keeps to its own", () => {
    const before = new Set<string>();
    const isRetry = ({ connectionId }: { connectionId: string }) => before.size === before.add(connectionId).size;
    const again = crowd.posts.filter(isRetry);
    expect(again.length).toBeGreaterThan(members / 3);
    expect(busiestSecond(again)).toBeLessThanOrEqual(resendsPerSecond * 1.1);
  });

  test("each look ends well before its function's time is over, and the next one goes on", () => {
    expect(Math.max(...crowd.ackCheckDurationsMs)).toBeLessThan(timeoutMs * 0.6);
    // Whoever is behind the first looks' time is not begun with again.
    expect(crowd.posts.length).toBeLessThan(members * 2.1);
  });
});
