import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { busiestSecond, type LargeRoom, openLargeRoom } from "../../../support/large-room.ts";

// A push to 5,000 members with all faults at once: closed, slow and hanging connections, an account that is throttled,
// workers that die, and tasks that are received twice. Time is virtual.

const members = 5_000;
const postsPerSecond = 2_000;
const isOf = (kind: number) => (connectionId: string) => Number(connectionId.split("-")[1]) % 20 === kind;
/** One connection in ten is closed, one in twenty is slow, and the first post to one in twenty hangs. */
const isClosed = (id: string) => isOf(3)(id) || isOf(13)(id);
const isSlow = isOf(5);
const hangs = isOf(7);
/** All posts to these fail. */
const alwaysFails = (id: string) => ["c-21", "c-1021", "c-4021"].includes(id);
/** These sessions return on another connection at the moment at which a post finds the old one closed. */
const returns = (id: string) => isClosed(id) && Number(id.split("-")[1]) % 100 === 3;

let largeRoom: LargeRoom;
let startMs = 0;
beforeAll(async () => {
  largeRoom = await openLargeRoom({ members, postsPerSecond, duplicates: true });
  const { faults, time, ackingPages, ended, addMember } = largeRoom;
  for (const id of ackingPages.keys()) if (isClosed(id)) ended.add(id);
  startMs = time.nowMs + 60_000;
  await time.runUntil(startMs);
  const attempts = new Map<string, number>();
  faults.answer = (id) => {
    const attempt = (attempts.get(id) ?? 0) + 1;
    attempts.set(id, attempt);
    const ageMs = time.nowMs - startMs;
    // The whole account is throttled for two seconds.
    if (ageMs >= 400 && ageMs < 2_400) return "slow";
    if (alwaysFails(id)) return "failed";
    if (isSlow(id) && attempt <= 2) return "slow";
    if (hangs(id) && attempt === 1) return "hang";
    if (returns(id) && !ackingPages.has(`new-${id}`)) {
      const reader = ackingPages.get(id);
      if (reader) {
        reader.page.connectionId = `new-${id}`;
        ackingPages.set(`new-${id}`, reader);
        void addMember(reader.page.session, `new-${id}`);
      }
    }
    return undefined;
  };
  faults.diesAtPost = 1_700;
  const pushed = largeRoom.push('"hi"');
  await time.runUntil(startMs + 900_000);
  await pushed;
}, 120_000);
afterAll(() => largeRoom.close());

const live = () =>
  [...largeRoom.ackingPages].filter(([id]) => !isClosed(id) && !alwaysFails(id)).map(([, reader]) => reader);

describe("a push to 5,000 members with all faults at once", () => {
  test("each present member shows it once", () => {
    const wrong = live().filter((reader) => JSON.stringify(reader.dataOf(largeRoom.room)) !== '["hi"]');
    expect(wrong.map((reader) => [reader.page.session, reader.dataOf(largeRoom.room)])).toEqual([]);
  });

  test("all members with closed connections are pruned, and no other", async () => {
    const rows = await largeRoom.rowsOf.room();
    const expected = [...largeRoom.ackingPages.keys()]
      .filter((id) => !isClosed(id))
      .map((id) => id.replace(/^(new-)?c-/, "s-"));
    expect([...rows.keys()].toSorted()).toEqual([...new Set(expected)].toSorted());
    for (const id of [...largeRoom.ended].slice(0, 20)) expect(await largeRoom.rowsOf.connection(id)).toBeUndefined();
  });

  test("a session that returned on a newer connection keeps its membership, and shows the message there", async () => {
    const rows = await largeRoom.rowsOf.room();
    const returned = [...largeRoom.ackingPages].filter(([id]) => id.startsWith("new-"));
    expect(returned).toHaveLength(50);
    for (const [id, reader] of returned) {
      expect(rows.get(reader.page.session)).toBe(id);
      expect(reader.dataOf(largeRoom.room)).toEqual(["hi"]);
    }
  });

  test("only members whose posts always fail are dead-lettered", () => {
    const sessions = largeRoom.deadLettered.flatMap(({ to }) => ("sessions" in to ? to.sessions : ["a part"]));
    expect(sessions.toSorted()).toEqual(["s-1021", "s-21", "s-4021"]);
    expect(largeRoom.tasks.deadLetters).toEqual([]);
    expect(largeRoom.tasks.isEmpty).toBe(true);
  });

  test("there are few more posts than necessary", () => {
    // One per member; slow members take the third attempt, hanging ones the second.
    const ids = [...largeRoom.ackingPages.keys()];
    const minPosts = members + 2 * ids.filter(isSlow).length + ids.filter(hangs).length;
    expect(largeRoom.posts.length / minPosts).toBeLessThan(1.2);
  });

  test("no second has more posts than the rate allows", () => {
    expect(busiestSecond(largeRoom.posts)).toBeLessThanOrEqual(postsPerSecond * 1.1);
  });
});
