import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { busiestSecond, type LargeRoom, openLargeRoom } from "../../../support/large-room.ts";

// 5,000 members, and all that may go wrong on the way to them at once. Time is virtual.

const members = 5_000;
const postsPerSecond = 2_000;
const isOf = (kind: number) => (connectionId: string) => Number(connectionId.split("-")[1]) % 20 === kind;
/** One in ten has ended, one in twenty is slow, one in twenty hangs at first. */
const hasEnded = (id: string) => isOf(3)(id) || isOf(13)(id);
const isSlow = isOf(5);
const hangs = isOf(7);
/** These are refused whatever is tried. */
const isRefused = (id: string) => ["c-21", "c-1021", "c-4021"].includes(id);
/** These come back on another connection at the moment at which the old one is found to have ended. */
const returns = (id: string) => hasEnded(id) && Number(id.split("-")[1]) % 100 === 3;

let crowd: LargeRoom;
let startMs = 0;
beforeAll(async () => {
  crowd = await openLargeRoom({ members, postsPerSecond, duplicates: true });
  const { faults, time, ackingPages, ended, addMember } = crowd;
  for (const id of ackingPages.keys()) if (hasEnded(id)) ended.add(id);
  startMs = time.nowMs + 60_000;
  await time.runUntil(startMs);
  const redeliveries = new Map<string, number>();
  faults.answer = (id) => {
    const tried = (redeliveries.get(id) ?? 0) + 1;
    redeliveries.set(id, tried);
    const ageMs = time.nowMs - startMs;
    // Two seconds in which the whole account is throttled.
    if (ageMs >= 400 && ageMs < 2_400) return "slow";
    if (isRefused(id)) return "failed";
    if (isSlow(id) && tried <= 2) return "slow";
    if (hangs(id) && tried === 1) return "hang";
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
  const pushed = crowd.push('"hi"');
  await time.runUntil(startMs + 900_000);
  await pushed;
}, 120_000);
afterAll(() => crowd.close());

const live = () => [...crowd.ackingPages].filter(([id]) => !hasEnded(id) && !isRefused(id)).map(([, reader]) => reader);

describe("a push to 5,000 of whom some are gone, slow and hanging, in a storm of 429, with dying workers and every task twice", () => {
  test("everybody who is there sees it once", () => {
    const wrong = live().filter((reader) => JSON.stringify(reader.dataOf(crowd.room)) !== '["hi"]');
    expect(wrong.map((reader) => [reader.page.session, reader.dataOf(crowd.room)])).toEqual([]);
  });

  test("all who are gone are forgotten, and nobody else", async () => {
    const rows = await crowd.rowsOf.room();
    const expected = [...crowd.ackingPages.keys()]
      .filter((id) => !hasEnded(id))
      .map((id) => id.replace(/^(new-)?c-/, "s-"));
    expect([...rows.keys()].toSorted()).toEqual([...new Set(expected)].toSorted());
    for (const id of [...crowd.ended].slice(0, 20)) expect(await crowd.rowsOf.connection(id)).toBeUndefined();
  });

  test("who came back on a newer connection keeps it, and sees the message there", async () => {
    const rows = await crowd.rowsOf.room();
    const back = [...crowd.ackingPages].filter(([id]) => id.startsWith("new-"));
    expect(back).toHaveLength(50);
    for (const [id, reader] of back) {
      expect(rows.get(reader.page.session)).toBe(id);
      expect(reader.dataOf(crowd.room)).toEqual(["hi"]);
    }
  });

  test("what was refused for ever is set aside, and nothing else", () => {
    const sessions = crowd.deadLettered.flatMap(({ to }) => ("sessions" in to ? to.sessions : ["a part"]));
    expect(sessions.toSorted()).toEqual(["s-1021", "s-21", "s-4021"]);
    expect(crowd.tasks.deadLetters).toEqual([]);
    expect(crowd.tasks.isEmpty).toBe(true);
  });

  test("hardly more is posted than has to be", () => {
    // Everybody once; slow ones take it at the third try, those who hang at the second.
    const ids = [...crowd.ackingPages.keys()];
    const least = members + 2 * ids.filter(isSlow).length + ids.filter(hangs).length;
    expect(crowd.posts.length / least).toBeLessThan(1.2);
  });

  test("no second sees more posts than the rate allows", () => {
    expect(busiestSecond(crowd.posts)).toBeLessThanOrEqual(postsPerSecond * 1.1);
  });
});
