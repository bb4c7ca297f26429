import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { busiestSecond, type LargeRoom, openLargeRoom } from "../../../support/large-room.ts";

// Twenty messages within two seconds, to a room for which one message takes more than half a second.

const members = 3_000;
const messages = 20;
const postsPerSecond = 4_500;
const expected = Array.from({ length: messages }, (_, i) => i);

async function burst(acks: boolean): Promise<LargeRoom> {
  const largeRoom = await openLargeRoom({ members, acks, postsPerSecond });
  const { time, push } = largeRoom;
  const pushes: Promise<unknown>[] = [];
  const startMs = time.nowMs;
  for (const data of expected) {
    await time.runUntil(startMs + 100 * data);
    pushes.push(push(String(data)));
  }
  await time.runUntil(startMs + 400_000);
  await Promise.all(pushes);
  return largeRoom;
}
const wrongOf = ({ ackingPages, room }: LargeRoom) =>
  [...ackingPages.values()].filter((reader) => JSON.stringify(reader.dataOf(room)) !== JSON.stringify(expected));

describe("a burst of messages to a large room of members that acknowledge", () => {
  let largeRoom: LargeRoom;
  beforeAll(async () => {
    largeRoom = await burst(true);
  }, 120_000);
  afterAll(() => largeRoom.close());

  test("is shown by each member once and in order", () => {
    expect(wrongOf(largeRoom)).toEqual([]);
  });

  test("is posted several messages at a time", () => {
    expect(largeRoom.posts.length).toBeLessThan((members * messages) / 3);
    expect(largeRoom.posts.length).toBeGreaterThanOrEqual(members);
  });

  test("leaves no task in the queues", () => {
    expect(largeRoom.tasks.isEmpty).toBe(true);
    expect([...largeRoom.tasks.deadLetters, ...largeRoom.deadLettered]).toEqual([]);
  });
});

test("members that do not acknowledge get the same messages one by one, each once, at the same rate", async () => {
  const largeRoom = await burst(false);
  for (const reader of largeRoom.ackingPages.values()) {
    const data = reader.page.messages();
    expect(data.toSorted((a, b) => Number(a) - Number(b))).toEqual(expected);
  }
  expect(largeRoom.posts).toHaveLength(members * messages);
  const busiest = busiestSecond(largeRoom.posts);
  expect(busiest).toBeLessThanOrEqual(postsPerSecond * 1.1);
  expect(busiest).toBeGreaterThan(postsPerSecond * 0.8);
  await largeRoom.close();
}, 120_000);
