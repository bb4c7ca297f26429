import { beforeEach, describe, expect, test } from "vitest";
import type { RoomCheck } from "../../../../lambdas/domain/model/ack-check.ts";
import { runAckCheck } from "../../../../lambdas/domain/redelivery/run-ack-check.ts";
import { unlimited } from "../../../../lambdas/domain/send/rate-limiter.ts";
import { AckingPage } from "../../../support/acking-page.ts";
import { Harness } from "../../../support/harness.ts";
import { openInMemoryTables } from "../../../support/in-memory-tables.ts";
import { intercept } from "../../../support/intercept.ts";
import { sharedTables } from "../../../support/shared-tables.ts";

const tables = sharedTables(openInMemoryTables);

/** The number of redeliveries that a page received. */
const redeliveriesTo = ({ page }: AckingPage) => page.inbox.filter(({ type }) => type === "replayed").length;

describe("an ack check whose time is over", () => {
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
      const ackingPage = await AckingPage.open(harness);
      await ackingPage.login(room, "loginWhenever");
      readers.push(ackingPage);
    }
    // The leases of the logins have expired: no login is pending.
    await harness.pass(31_000);
    for (const ackingPage of readers) lose(ackingPage);
    await harness.push(room, '"m"');
    for (const ackingPage of readers) heal(ackingPage);
    harness.checks.length = 0;
    harness.nowMs += 5_000;
  });
  /** Grants so many posts. */
  const limiterOf = (posts: number) => {
    let left = posts;
    const acquire = async () => {
      left -= 1;
      return left >= 0;
    };
    return { ...unlimited, acquire };
  };
  const depsWith = (posts: number) => ({ ...harness.ackCheckDeps, limiter: limiterOf(posts) });
  const check = (what: Partial<RoomCheck>, posts: number) =>
    runAckCheck(depsWith(posts), { kind: "room", roomId: room, hop: 3, ...what });
  const scheduled = () => harness.checks.splice(0).map(({ check, atMs }) => ({ ...check, inMs: atMs - harness.nowMs }));
  function scheduledRoomChecks() {
    return scheduled().map((each) => {
      if (each.kind !== "room") throw new Error(`an unexpected check is scheduled: ${each.kind}`);
      return each;
    });
  }
  const redelivered = () => readers.map((ackingPage) => redeliveriesTo(ackingPage)).filter((count) => count > 0);

  test("schedules a continuation after the members that it has checked, without a further hop", async () => {
    await check({}, 4);
    expect(redelivered()).toEqual([1, 1, 1, 1]);
    const [rest, ...others] = scheduledRoomChecks();
    expect(others).toEqual([]);
    expect(rest).toMatchObject({ hop: 3, inMs: 0, continuation: { after: expect.any(String) } });
    await check(rest ?? {}, 100);
    expect(redelivered()).toEqual([1, 1, 1, 1, 1, 1]);
  });

  test("passes on when its members have to be checked again: the last continuation schedules that check", async () => {
    await check({}, 4);
    const [rest] = scheduledRoomChecks();
    expect(rest?.continuation?.nextCheckAtMs).toBe(harness.nowMs + 10_000);
    harness.nowMs += 4_000;
    await check(rest ?? {}, 100);
    expect(scheduled()).toEqual([{ kind: "room", roomId: room, hop: 4, inMs: 6_000 }]);
  });

  test("counts a hop if it has checked no member, so that the chain ends", async () => {
    await check({}, 0);
    expect(scheduled()).toEqual([{ kind: "room", roomId: room, hop: 4, inMs: 0, continuation: {} }]);
    await check({ hop: 14 }, 0);
    expect(scheduled()).toEqual([]);
  });

  test("starts with no further member", async () => {
    const { post } = harness.deps.gateway;
    intercept(harness.deps.gateway, "post", () => (connectionId, text) => {
      harness.nowMs += 13_000;
      return post(connectionId, text);
    });
    // Without these pauses all six would start before the first post ends.
    const pages = harness.deps.members.pages;
    intercept(
      harness.deps.members,
      "pages",
      () =>
        async function* (...args) {
          for await (const page of pages(...args)) {
            for (const member of page) {
              yield [member];
              for (let i = 0; i < 20; i += 1) await new Promise<void>((next) => setImmediate(next));
            }
          }
        },
    );
    await check({ part: { index: 0, of: 1 } }, 100);
    expect(redelivered()).toHaveLength(1);
    expect(scheduled()).toMatchObject([{ part: { index: 0, of: 1 }, continuation: { after: expect.any(String) } }]);
  });

  test("leaves the other frames of a member to a later check", async () => {
    const large = JSON.stringify("x".repeat(100_000));
    for (const ackingPage of readers) lose(ackingPage);
    for (let i = 0; i < 3; i += 1) await harness.push(room, large);
    for (const ackingPage of readers) heal(ackingPage);
    harness.checks.length = 0;
    harness.nowMs += 5_000;
    await check({ continuation: {} }, 2);
    const posts = readers.flatMap(({ page }) => page.inbox.filter(({ type }) => type !== "loggedIn")).length;
    expect(posts).toBe(2);
  });

  test("schedules the notice of an eviction again, with the same number of posts left", async () => {
    const [{ page }] = readers as [AckingPage];
    const evicted = { session: "other", connectionId: page.connectionId, generation: 1 };
    const evictedCheck = { kind: "evicted", roomId: room, hop: 1, evicted } as const;
    await runAckCheck(depsWith(0), evictedCheck);
    expect(page.codes(room)).toEqual([]);
    expect(scheduled()).toEqual([{ ...evictedCheck, inMs: 5_000 }]);
    await runAckCheck(depsWith(1), evictedCheck);
    expect(page.codes(room)).toEqual(["2005"]);
  });
});
