import { beforeEach, describe, expect, test } from "vitest";
import type { AckCheck } from "../../../../lambdas/domain/model/ack-check.ts";
import { checkRoom } from "../../../../lambdas/domain/redelivery/check-room.ts";
import { unlimited } from "../../../../lambdas/domain/send/rate-limiter.ts";
import { openQuickTables } from "../../../support/quick-tables.ts";
import { Reader } from "../../../support/reader.ts";
import { tablesForAll } from "../../../support/tables-for-all.ts";
import { World } from "../../../support/world.ts";

const tables = tablesForAll(openQuickTables);

/** How many frames brought messages of the room again. */
const resends = ({ page }: Reader) => page.inbox.filter(({ type }) => type === "replayed").length;

describe("a look whose time is over", () => {
  let world: World;
  let room = "";
  let readers: Reader[];
  const lose = ({ page }: Reader) => world.lost.add(page.connectionId);
  const heal = ({ page }: Reader) => world.lost.delete(page.connectionId);
  beforeEach(async () => {
    world = new World(tables.client);
    room = `room-${world.nextId()}`;
    readers = [];
    for (let i = 0; i < 6; i += 1) {
      const reader = await Reader.open(world);
      await reader.login(room, "loginWhenever");
      readers.push(reader);
    }
    // Nobody is coming in any more, who could have been overlooked.
    await world.pass(31_000);
    for (const reader of readers) lose(reader);
    await world.push(room, '"m"');
    for (const reader of readers) heal(reader);
    world.checks.length = 0;
    world.nowMs += 5_000;
  });
  /** Gives so many turns. */
  const paceOf = (turns: number) => {
    let left = turns;
    const acquire = async () => {
      left -= 1;
      return left >= 0;
    };
    return { ...unlimited, acquire };
  };
  const check = (what: Partial<AckCheck>, turns: number) =>
    checkRoom({ ...world.ackCheckDeps, limiter: paceOf(turns) }, { roomId: room, hop: 3, ...what });
  const ordered = () => world.checks.splice(0).map(({ check, atMs }) => ({ ...check, inMs: atMs - world.nowMs }));
  const resent = () => readers.map((reader) => resends(reader)).filter((count) => count > 0);

  test("has another one go on behind those who had their turn, which is no round of its own", async () => {
    await check({}, 4);
    expect(resent()).toEqual([1, 1, 1, 1]);
    const [rest, ...others] = ordered();
    expect(others).toEqual([]);
    expect(rest).toMatchObject({ hop: 3, inMs: 0, rest: { after: expect.any(String) } });
    await check(rest ?? {}, 100);
    expect(resent()).toEqual([1, 1, 1, 1, 1, 1]);
  });

  test("hands on when its first members are to be looked at again: the last one orders that look", async () => {
    await check({}, 4);
    const [rest] = ordered();
    expect(rest?.rest?.nextAtMs).toBe(world.nowMs + 10_000);
    world.nowMs += 4_000;
    await check(rest ?? {}, 100);
    expect(ordered()).toEqual([{ roomId: room, hop: 4, inMs: 6_000 }]);
  });

  test("counts a round where nobody had a turn, so that it ends some time", async () => {
    await check({}, 0);
    expect(ordered()).toEqual([{ roomId: room, hop: 4, inMs: 0, rest: {} }]);
    await check({ hop: 14 }, 0);
    expect(ordered()).toEqual([]);
  });

  test("begins with nobody more", async () => {
    const { post } = world.deps.gateway;
    world.deps.gateway.post = (connectionId, text) => {
      world.nowMs += 13_000;
      return post(connectionId, text);
    };
    // They are begun with before the first post has ended; of a larger room some would be left.
    const pages = world.deps.members.pages;
    world.deps.members.pages = async function* (...args) {
      for await (const page of pages(...args)) {
        for (const member of page) {
          yield [member];
          for (let i = 0; i < 20; i += 1) await new Promise<void>((next) => setImmediate(next));
        }
      }
    };
    await check({ part: { index: 0, of: 1 } }, 100);
    expect(resent()).toHaveLength(1);
    expect(ordered()).toMatchObject([{ part: { index: 0, of: 1 }, rest: { after: expect.any(String) } }]);
  });

  test("sends the rest of many frames to one member with a later look", async () => {
    const large = JSON.stringify("x".repeat(100_000));
    for (const reader of readers) lose(reader);
    for (let i = 0; i < 3; i += 1) await world.push(room, large);
    for (const reader of readers) heal(reader);
    world.checks.length = 0;
    world.nowMs += 5_000;
    await check({ rest: {} }, 2);
    const posts = readers.flatMap(({ page }) => page.inbox.filter(({ type }) => type !== "loggedIn")).length;
    expect(posts).toBe(2);
  });

  test("tells somebody who was put out later, as often as ever", async () => {
    const [{ page }] = readers as [Reader];
    const evicted = { session: "other", connectionId: page.connectionId, generation: 1 };
    await check({ evicted, hop: 1 }, 0);
    expect(page.codes(room)).toEqual([]);
    expect(ordered()).toEqual([{ roomId: room, hop: 1, evicted, inMs: 5_000 }]);
    await check({ evicted, hop: 1 }, 1);
    expect(page.codes(room)).toEqual(["2005"]);
  });
});
