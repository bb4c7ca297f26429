import { beforeEach, describe, expect, test } from "vitest";
import { poll } from "../../../../lambdas/domain/login/poll.ts";
import { runAckCheck } from "../../../../lambdas/domain/redelivery/run-ack-check.ts";
import { AckingPage } from "../../../support/acking-page.ts";
import { Harness, type Page } from "../../../support/harness.ts";
import { openInMemoryTables } from "../../../support/in-memory-tables.ts";
import { sharedTables } from "../../../support/shared-tables.ts";

// Messages to a user's own room: no page is connected, or a new page joined after them.

const tables = sharedTables(openInMemoryTables);

let harness: Harness;
let ann: AckingPage;
beforeEach(async () => {
  harness = new Harness(tables.client);
  ann = await AckingPage.open(harness);
  // The leases of the logins have expired: no login is pending.
  await harness.pass(31_000);
});

const lose = ({ page }: AckingPage) => harness.lost.add(page.connectionId);
const heal = ({ page }: AckingPage) => harness.lost.delete(page.connectionId);
const ownRoom = ({ page }: AckingPage) => `@user/${page.subject}`;

describe("a user", () => {
  test("without a page is reported once per message, after the time of all redeliveries", async () => {
    const room = `@user/offline-${harness.nextId()}`;
    await harness.push(room);
    await harness.pass(60_000);
    expect(harness.undelivered).toEqual([]);
    await harness.pass(600_000);
    expect(harness.undelivered).toMatchObject([{ roomId: room, subject: room.slice(6), seq: 1 }]);
    await harness.push(room);
    await harness.pass(600_000);
    expect(harness.undelivered.map(({ seq }) => seq)).toEqual([1, 2]);
  });

  test("has a resume point of their own, whatever their name: a report is not an ack", async () => {
    const subject = "@reported";
    const room = `@user/${subject}`;
    await harness.push(room);
    await harness.pass(600_000);
    expect(harness.undelivered).toMatchObject([{ subject, seq: 1 }]);
    expect(await harness.deps.resumePoints.get(room, subject)).toBeUndefined();
  });

  test("whose report failed is reported when the ack check runs again", async () => {
    const room = `@user/offline-${harness.nextId()}`;
    await harness.push(room);
    harness.nowMs += 80_000;
    const broken = { ...harness.ackCheckDeps, reportUndelivered: () => Promise.reject(new Error("throttled")) };
    await expect(runAckCheck(broken, { kind: "room", roomId: room, hop: 3 })).rejects.toThrow("throttled");
    const reported: unknown[] = [];
    const reportUndelivered = async (undelivered: unknown[]) => void reported.push(...undelivered);
    await runAckCheck({ ...harness.ackCheckDeps, reportUndelivered }, { kind: "room", roomId: room, hop: 3 });
    expect(reported).toMatchObject([{ seq: 1 }]);
  });

  test("that returns in time is not reported", async () => {
    await ann.page.close();
    await harness.push(ownRoom(ann), '"m"');
    await harness.pass(12_000);
    await ann.page.open();
    await ann.ack();
    await harness.pass(600_000);
    expect(ann.dataOf("@user")).toEqual(["m"]);
    expect(harness.undelivered).toEqual([]);
  });

  // Otherwise neither the user nor the backend would learn of the message: the user is not offline, and the new page
  // starts after the message.
  test.each([
    ["stays", async () => {}],
    ["closes", (page: Page) => page.close()],
    [
      "acknowledges a later message, and closes",
      async (page: Page) => {
        await harness.push(`@user/${page.subject}`);
        const { epoch = "", seq = 0 } = (await harness.deps.rooms.get(`@user/${page.subject}`)) ?? {};
        await harness.deps.members.ack(`@user/${page.subject}`, page.connectionId, page.connectionId, { epoch, seq });
        await page.close();
      },
    ],
  ])("whose new page starts now and %s is reported once for the unread message", async (_, then) => {
    await harness.push(ownRoom(ann), '"read"');
    await ann.ack();
    await ann.page.close();
    await harness.push(ownRoom(ann), '"unread"');
    await harness.pass(7_000);
    const fresh = await AckingPage.open(harness, { subject: ann.page.subject });
    await then(fresh.page);
    await harness.pass(600_000);
    expect(fresh.dataOf("@user")).not.toContain("unread");
    expect(harness.undelivered.map(({ seq }) => seq)).toEqual([2]);
    await AckingPage.open(harness, { subject: ann.page.subject });
    await harness.pass(600_000);
    expect(harness.undelivered.map(({ seq }) => seq)).toEqual([2]);
  });

  test("is reported for what was unread before the first page joined", async () => {
    const subject = `new-${harness.nextId()}`;
    await harness.push(`@user/${subject}`);
    await harness.pass(7_000);
    await AckingPage.open(harness, { subject });
    await harness.pass(600_000);
    expect(harness.undelivered).toMatchObject([{ subject, seq: 1 }]);
  });

  test("that polls for the first time is reported for what was unread before", async () => {
    await ann.page.close();
    await harness.push(ownRoom(ann));
    await harness.pass(7_000);
    const first = await poll(harness.deps, ann.page.claims, { rooms: [] });
    const { epoch, seq } = first.rooms.find((room) => room.roomId === "@user") as { epoch: string; seq: number };
    const rooms = [{ roomId: "@user", since: { epoch, seq } }];
    await poll(harness.deps, ann.page.claims, { session: first.session, rooms });
    await harness.pass(600_000);
    expect(harness.undelivered.map((each) => each.seq)).toEqual([1]);
  });

  test.each([
    ["acknowledges it", async () => ann.ack()],
    [
      "acknowledges it and closes",
      async () => {
        await ann.ack();
        await ann.page.close();
      },
    ],
  ])(
    "is not reported for a message that was unread before a new page joined, if another device %s",
    async (_, then) => {
      lose(ann);
      await harness.push(ownRoom(ann), '"m"');
      const fresh = await AckingPage.open(harness, { subject: ann.page.subject });
      heal(ann);
      await harness.pass(6_000);
      await then();
      await harness.pass(600_000);
      expect([ann.dataOf("@user"), fresh.dataOf("@user")]).toEqual([["m"], []]);
      expect(harness.undelivered).toEqual([]);
    },
  );

  test("is not reported for a message that was unread before a new page joined, if another device returns for it", async () => {
    await ann.page.close();
    await harness.push(ownRoom(ann), '"m"');
    const fresh = await AckingPage.open(harness, { subject: ann.page.subject });
    await harness.pass(15_000);
    await ann.page.open();
    await ann.ack();
    await harness.pass(600_000);
    expect([ann.dataOf("@user"), fresh.dataOf("@user")]).toEqual([["m"], []]);
    expect(harness.undelivered).toEqual([]);
  });

  test("is reported once for a message that a device never acknowledges and that was unread before a new page joined", async () => {
    lose(ann);
    await harness.push(ownRoom(ann));
    const fresh = await AckingPage.open(harness, { subject: ann.page.subject });
    await harness.pass(600_000);
    expect(fresh.dataOf("@user")).toEqual([]);
    expect(harness.undelivered.map(({ seq }) => seq)).toEqual([1]);
  });

  test("that has a message on one device is not reported for the other", async () => {
    const tablet = await AckingPage.open(harness, { subject: ann.page.subject });
    lose(tablet);
    await harness.push(ownRoom(ann));
    await ann.ack();
    await harness.pass(600_000);
    expect(harness.undelivered).toEqual([]);
  });

  test("that has a message on a device that was closed since is not reported for the other", async () => {
    const tablet = await AckingPage.open(harness, { subject: ann.page.subject });
    lose(tablet);
    await harness.push(ownRoom(ann));
    await ann.ack();
    await ann.page.close();
    await harness.pass(600_000);
    expect(harness.undelivered).toEqual([]);
  });
});
