import { beforeEach, describe, expect, test } from "vitest";
import type { AckCheck } from "../../../../lambdas/domain/model/ack-check.ts";
import { runAckCheck } from "../../../../lambdas/domain/redelivery/run-ack-check.ts";
import { unlimited } from "../../../../lambdas/domain/send/rate-limiter.ts";
import { AckingPage } from "../../../support/acking-page.ts";
import { Harness } from "../../../support/harness.ts";
import { openInMemoryTables } from "../../../support/in-memory-tables.ts";
import { sharedTables } from "../../../support/shared-tables.ts";

const tables = sharedTables(openInMemoryTables);

/** How many frames brought messages of the room again. */
const resends = ({ page }: AckingPage) => page.inbox.filter(({ type }) => type === "replayed").length;

describe("a look whose time is over", () => {
  let harness: Harness;
  let room = "";
  let readers: AckingPage[];
  const lose = ({ page }: AckingPage) => harness.lost.add(page.connectionId);
  const heal = ({ page }: AckingPage) => harness.lost.delete(page.connectionId);
  beforeEach(async () => {
    harness = new Harness(tables.client);
    room = `room-${harness.nextId()}`;
    readers = [];
    for (let i = 0; i < 6; i += 1) {
      const reader = await AckingPage.open(harness);
      await reader.login(room, "loginWhenever");
      readers.push(reader);
    }
    // Nobody is coming in any more, who could have been overlooked.
    await harness.pass(31_000);
    for (const reader of readers) lose(reader);
    await harness.push(room, '"m"');
    for (const reader of readers) heal(reader);
    harness.checks.length = 0;
    harness.nowMs += 5_000;
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
    runAckCheck({ ...harness.ackCheckDeps, limiter: paceOf(turns) }, { roomId: room, hop: 3, ...what });
  const ordered = () => harness.checks.splice(0).map(({ check, atMs }) => ({ ...check, inMs: atMs - harness.nowMs }));
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
    expect(rest?.rest?.nextAtMs).toBe(harness.nowMs + 10_000);
    harness.nowMs += 4_000;
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
    const { post } = harness.deps.gateway;
    harness.deps.gateway.post = (connectionId, text) => {
      harness.nowMs += 13_000;
      return post(connectionId, text);
    };
    // They are begun with before the first post has ended; of a larger room some would be left.
    const pages = harness.deps.members.pages;
    harness.deps.members.pages = async function* (...args) {
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
    for (let i = 0; i < 3; i += 1) await harness.push(room, large);
    for (const reader of readers) heal(reader);
    harness.checks.length = 0;
    harness.nowMs += 5_000;
    await check({ rest: {} }, 2);
    const posts = readers.flatMap(({ page }) => page.inbox.filter(({ type }) => type !== "loggedIn")).length;
    expect(posts).toBe(2);
  });

  test("tells somebody who was put out later, as often as ever", async () => {
    const [{ page }] = readers as [AckingPage];
    const evicted = { session: "other", connectionId: page.connectionId, generation: 1 };
    await check({ evicted, hop: 1 }, 0);
    expect(page.codes(room)).toEqual([]);
    expect(ordered()).toEqual([{ roomId: room, hop: 1, evicted, inMs: 5_000 }]);
    await check({ evicted, hop: 1 }, 1);
    expect(page.codes(room)).toEqual(["2005"]);
  });
});
