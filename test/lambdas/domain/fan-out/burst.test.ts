import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { busiestSecond, type LargeRoom, openLargeRoom } from "../../../support/large-room.ts";

// Twenty messages within two seconds to a room whose members need more than half a second each.

const members = 3_000;
const messages = 20;
const postsPerSecond = 4_500;
const expected = Array.from({ length: messages }, (_, i) => i);

async function burst(acks: boolean): Promise<LargeRoom> {
  const crowd = await openLargeRoom({ members, acks, postsPerSecond });
  const { time, push } = crowd;
  const pushes: Promise<unknown>[] = [];
  const startMs = time.nowMs;
  for (const data of expected) {
    await time.runUntil(startMs + 100 * data);
    pushes.push(push(String(data)));
  }
  await time.runUntil(startMs + 400_000);
  await Promise.all(pushes);
  return crowd;
}
const wrongOf = ({ ackingPages, room }: LargeRoom) =>
  [...ackingPages.values()].filter((reader) => JSON.stringify(reader.dataOf(room)) !== JSON.stringify(expected));

describe("a burst of messages to a large room of members who ack", () => {
  let crowd: LargeRoom;
  beforeAll(async () => {
    crowd = await burst(true);
  }, 120_000);
  afterAll(() => crowd.close());

  test("is seen by each of them once and in order", () => {
    expect(wrongOf(crowd)).toEqual([]);
  });

  test("goes out several messages at a time", () => {
    expect(crowd.posts.length).toBeLessThan((members * messages) / 3);
    expect(crowd.posts.length).toBeGreaterThanOrEqual(members);
  });

  test("leaves no task behind", () => {
    expect(crowd.tasks.isEmpty).toBe(true);
    expect([...crowd.tasks.deadLetters, ...crowd.deadLettered]).toEqual([]);
  });
});

test("members who do not ack get the same messages one by one, each once, and at the same pace", async () => {
  const crowd = await burst(false);
  for (const reader of crowd.ackingPages.values()) {
    const data = reader.page.messages();
    expect(data.toSorted((a, b) => Number(a) - Number(b))).toEqual(expected);
  }
  expect(crowd.posts).toHaveLength(members * messages);
  const busiest = busiestSecond(crowd.posts);
  expect(busiest).toBeLessThanOrEqual(postsPerSecond * 1.1);
  expect(busiest).toBeGreaterThan(postsPerSecond * 0.8);
  await crowd.close();
}, 120_000);
