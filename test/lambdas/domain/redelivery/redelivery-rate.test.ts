import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { busiestSecond, type LargeRoom, openLargeRoom } from "../../../support/large-room.ts";

// An outage: for some seconds no post arrives, and none gets a response. Time is virtual.

const members = 4_000;
const postsPerSecond = 630;
const redeliveriesPerSecond = 70;
const outageMs = 9_000;
/** Of the function that runs ack checks. */
const timeoutMs = 30_000;

describe.each(["@all", "large-room"] as const)("after an outage in which no member of %s got a message", (room) => {
  let largeRoom: LargeRoom;
  let startMs = 0;
  beforeAll(async () => {
    largeRoom = await openLargeRoom({ room, members, postsPerSecond, resendsPerSecond: redeliveriesPerSecond });
    const { time, faults } = largeRoom;
    // The logins are over.
    await time.runUntil(time.nowMs + 60_000);
    startMs = time.nowMs;
    faults.answer = () => (time.nowMs < startMs + outageMs ? "hang" : undefined);
    const pushed = largeRoom.push('"hi"');
    await time.runUntil(startMs + 600_000);
    await pushed;
  }, 120_000);
  afterAll(() => largeRoom.close());

  test("it is redelivered to all members, and each shows it once", () => {
    const wrong = [...largeRoom.ackingPages.values()].filter(
      (reader) => JSON.stringify(reader.dataOf(room)) !== '["hi"]',
    );
    expect(wrong.map(({ page }) => page.session)).toEqual([]);
    expect(largeRoom.checks.isEmpty).toBe(true);
  });

  test("no second has more posts than both rates together allow", () => {
    expect(busiestSecond(largeRoom.posts)).toBeLessThanOrEqual((postsPerSecond + redeliveriesPerSecond) * 1.1);
  });

  test("redeliveries keep to their own rate", () => {
    const posted = new Set<string>();
    const isRedelivery = ({ connectionId }: { connectionId: string }) => posted.size === posted.add(connectionId).size;
    const redeliveries = largeRoom.posts.filter(isRedelivery);
    expect(redeliveries.length).toBeGreaterThan(members / 3);
    expect(busiestSecond(redeliveries)).toBeLessThanOrEqual(redeliveriesPerSecond * 1.1);
  });

  test("each ack check ends well before the function's time limit, and its continuation checks the rest", () => {
    expect(Math.max(...largeRoom.ackCheckDurationsMs)).toBeLessThan(timeoutMs * 0.6);
    // A continuation does not start again with the first members.
    expect(largeRoom.posts.length).toBeLessThan(members * 2.1);
  });
});
