import { beforeEach, describe, expect, test } from "vitest";
import { poll } from "../../../../lambdas/domain/login/poll.ts";
import { runAckCheck } from "../../../../lambdas/domain/redelivery/run-ack-check.ts";
import { AckingPage } from "../../../support/acking-page.ts";
import { Harness, type Page } from "../../../support/harness.ts";
import { openInMemoryTables } from "../../../support/in-memory-tables.ts";
import { intercept } from "../../../support/intercept.ts";
import { sharedTables } from "../../../support/shared-tables.ts";

const tables = sharedTables(openInMemoryTables);

let harness: Harness;
let room = "";
let ann: AckingPage;
let bob: AckingPage;
beforeEach(async () => {
  harness = new Harness(tables.client);
  room = `room-${harness.nextId()}`;
  ann = await AckingPage.open(harness);
  bob = await AckingPage.open(harness);
  await ann.login(room, "loginWhenever");
  await bob.login(room, "loginWhenever");
  // Nobody is coming in any more, who could have been overlooked.
  await harness.pass(31_000);
});

/** Frames that brought a message of the room again. */
const resends = ({ page }: AckingPage) => page.inbox.filter(({ type }) => type === "replayed");
const lose = ({ page }: AckingPage) => harness.lost.add(page.connectionId);
const heal = ({ page }: AckingPage) => harness.lost.delete(page.connectionId);
/** Moments, in seconds from now, at which something is posted to a reader whose posts are all lost. */
async function retriesOf({ page }: AckingPage, forMs: number): Promise<number[]> {
  const startMs = harness.nowMs;
  const moments: number[] = [];
  const restore = intercept(harness.deps.gateway, "post", (post) => (connectionId, text) => {
    if (connectionId === page.connectionId) moments.push((harness.nowMs - startMs) / 1000);
    return post(connectionId, text);
  });
  await harness.pass(forMs);
  restore();
  return moments;
}

describe("a message that was acked by all", () => {
  test("is not sent again, and one look is all that it cost", async () => {
    await harness.push(room);
    await Promise.all([ann.ack(), bob.ack()]);
    expect(harness.checks).toHaveLength(1);
    await harness.pass(5_000);
    expect(harness.checks).toEqual([]);
    expect([...resends(ann), ...resends(bob)]).toEqual([]);
    await harness.pass(300_000);
    expect(harness.undelivered).toEqual([]);
  });
});

describe("a message whose post was lost", () => {
  test("is there after five seconds, and goes only to the one who lacks it", async () => {
    lose(ann);
    await harness.push(room, '"m"');
    heal(ann);
    await bob.ack();
    await harness.pass(5_000);
    expect(ann.dataOf(room)).toEqual(["m"]);
    expect(resends(bob)).toEqual([]);
    await ann.ack();
    await harness.pass(300_000);
    expect(ann.page.messages()).toEqual([]);
    expect(resends(ann)).toHaveLength(1);
    expect(harness.undelivered).toEqual([]);
  });

  test("is sent three times more, after 5, 10 and 20 seconds, and then reported once", async () => {
    lose(ann);
    const pushed = await harness.push(room);
    await bob.ack();
    expect(await retriesOf(ann, 600_000)).toEqual([5, 15, 35]);
    expect(harness.undelivered).toEqual([
      {
        messageId: "messageId" in pushed && pushed.messageId,
        roomId: room,
        subject: ann.page.subject,
        eventName: "test",
        atMs: expect.any(Number),
        epoch: expect.any(String),
        seq: 1,
      },
    ]);
    expect(harness.checks).toEqual([]);
  });

  test("and that was given up comes all the same when its reader asks or comes back", async () => {
    lose(ann);
    await harness.push(room, '"old"');
    await harness.pass(120_000);
    heal(ann);
    await harness.push(room, '"new"');
    await ann.fill();
    expect(ann.dataOf(room)).toEqual(["old", "new"]);
  });

  test("after one that was given up has three tries of its own", async () => {
    lose(ann);
    await harness.push(room);
    await bob.ack();
    await harness.pass(120_000);
    await harness.push(room);
    await bob.ack();
    expect(await retriesOf(ann, 600_000)).toEqual([5, 15, 35]);
    expect(harness.undelivered.map(({ seq }) => seq)).toEqual([1, 2]);
  });

  test("is not late because somebody else in the room is dead", async () => {
    lose(bob);
    await harness.push(room);
    await ann.ack();
    // The look at the dead one is not due for half a minute.
    await harness.pass(40_000);
    lose(ann);
    await harness.push(room, '"m"');
    heal(ann);
    await harness.pass(5_000);
    expect(ann.dataOf(room)).toEqual([1, "m"]);
  });
});

describe("many messages", () => {
  test("cost one look, and one frame for those who lack them", async () => {
    lose(ann);
    for (let i = 0; i < 20; i += 1) await harness.push(room, String(i));
    heal(ann);
    await bob.ack();
    expect(harness.checks).toHaveLength(1);
    await harness.pass(5_000);
    expect(ann.dataOf(room)).toEqual(Array.from({ length: 20 }, (_, i) => i));
    expect(resends(ann)).toHaveLength(1);
  });

  test("that do not fit into one frame go in several, a large one as it is", async () => {
    lose(ann);
    const data = (letter: string, bytes: number) => JSON.stringify(letter.repeat(bytes));
    for (const letter of ["a", "b", "c"]) await harness.push(room, data(letter, 40_000));
    await harness.push(room, data("d", 110_000));
    heal(ann);
    await bob.ack();
    await harness.pass(5_000);
    expect(ann.dataOf(room).map((text) => String(text)[0])).toEqual(["a", "b", "c", "d"]);
    expect(resends(ann)).toHaveLength(2);
  });

  test("of a busy room with a dead member keep few looks under way, however long it goes on", async () => {
    lose(bob);
    for (let i = 0; i < 150; i += 1) {
      await harness.push(room);
      await ann.ack();
      await harness.pass(1_000);
      expect(harness.checks.length).toBeLessThanOrEqual(12);
    }
  });

  test("of many members at their own times are all given up in the end", async () => {
    const dead = await Promise.all(Array.from({ length: 6 }, () => AckingPage.open(harness)));
    for (const reader of dead) await reader.login(room, "loginWhenever");
    for (const reader of dead) {
      lose(reader);
      await harness.push(room);
      await Promise.all([ann.ack(), bob.ack()]);
      for (const other of dead) if (!harness.lost.has(other.page.connectionId)) await other.ack();
      await harness.pass(2_600);
    }
    await harness.pass(600_000);
    const reported = new Set(harness.undelivered.map(({ subject }) => subject));
    expect([...reported].sort()).toEqual(dead.map(({ page }) => page.subject).sort());
    expect(harness.checks).toEqual([]);
  });
});

describe("the rounds of looks", () => {
  test("end: AWS stops a function that feeds its own queue", async () => {
    lose(ann);
    await harness.push(room);
    const reportUndelivered = async () => {};
    await runAckCheck({ ...harness.ackCheckDeps, reportUndelivered }, { kind: "room", roomId: room, hop: 14 });
    harness.checks.shift();
    expect(harness.checks).toEqual([]);
  });

  test("begin anew with the next push", async () => {
    lose(ann);
    await harness.push(room, '"m"');
    harness.checks.length = 0;
    harness.nowMs += 20_000;
    heal(ann);
    await harness.push(room, '"n"');
    await harness.pass(5_000);
    expect(ann.dataOf(room)).toEqual(["m", "n"]);
  });
});

describe("who is left alone", () => {
  test("a client that does not ack is never sent anything twice, and orders no look", async () => {
    const other = `${room}-old`;
    const old = await harness.connect();
    await old.login(other);
    await harness.pass(31_000);
    harness.lost.add(old.connectionId);
    await harness.push(other);
    expect(harness.checks.filter(({ check }) => check.roomId === other)).toEqual([]);
    await old.login(room, "loginWhenever");
    await harness.push(room);
    harness.lost.clear();
    await harness.pass(100_000);
    expect(old.inbox.filter(({ type }) => type === "replayed" || type === "message")).toEqual([]);
  });

  test("a room that nobody ever used is looked at without a trace", async () => {
    const reportUndelivered = async () => {};
    await runAckCheck(
      { ...harness.ackCheckDeps, reportUndelivered },
      { kind: "room", roomId: `${room}-never`, hop: 0 },
    );
    expect(await harness.deps.rooms.get(`${room}-never`)).toBeUndefined();
  });

  test("one who was evicted gets nothing of the room by a look either", async () => {
    lose(ann);
    await harness.push(room);
    heal(ann);
    await harness.deps.rooms.takeOver(room, { connectionId: "crashed", transport: "websocket", expiresAtMs: 0 });
    await harness.pass(5_000);
    expect(ann.dataOf(room)).toEqual([]);
  });

  test("one whose connection a post finds gone loses the place, and where it stopped is kept", async () => {
    await harness.push(room);
    await ann.ack();
    lose(ann);
    await harness.push(room);
    heal(ann);
    await ann.page.close({ isReported: false });
    await harness.pass(5_000);
    expect(await harness.deps.members.get(room, ann.page.session)).toBeUndefined();
    expect(await harness.deps.resumePoints.get(room, ann.page.subject)).toMatchObject({ seq: 1 });
  });
});

describe("a person", () => {
  const own = ({ page }: AckingPage) => `@user/${page.subject}`;

  test("who is nowhere is reported once per message, after the time that tries would take", async () => {
    const room = `@user/absent-${harness.nextId()}`;
    await harness.push(room);
    await harness.pass(60_000);
    expect(harness.undelivered).toEqual([]);
    await harness.pass(600_000);
    expect(harness.undelivered).toMatchObject([{ roomId: room, subject: room.slice(6), seq: 1 }]);
    await harness.push(room);
    await harness.pass(600_000);
    expect(harness.undelivered.map(({ seq }) => seq)).toEqual([1, 2]);
  });

  test("whose report could not be made is reported when the look is made again", async () => {
    const room = `@user/absent-${harness.nextId()}`;
    await harness.push(room);
    harness.nowMs += 80_000;
    const broken = { ...harness.ackCheckDeps, reportUndelivered: () => Promise.reject(new Error("throttled")) };
    await expect(runAckCheck(broken, { kind: "room", roomId: room, hop: 3 })).rejects.toThrow("throttled");
    const reported: unknown[] = [];
    const reportUndelivered = async (undelivered: unknown[]) => void reported.push(...undelivered);
    await runAckCheck({ ...harness.ackCheckDeps, reportUndelivered }, { kind: "room", roomId: room, hop: 3 });
    expect(reported).toMatchObject([{ seq: 1 }]);
  });

  test("who comes back in time is not reported", async () => {
    await ann.page.close();
    await harness.push(own(ann), '"m"');
    await harness.pass(12_000);
    await ann.page.open();
    await ann.ack();
    await harness.pass(600_000);
    expect(ann.dataOf("@user")).toEqual(["m"]);
    expect(harness.undelivered).toEqual([]);
  });

  // What came while no page was there was reported only if none came back in time; a page that did began at the newest
  // message, so nobody ever heard of it: neither the person nor the backend.
  test.each([
    ["and stays", async () => {}],
    ["and leaves again", (page: Page) => page.close()],
    [
      "and acks what comes then, and leaves again",
      async (page: Page) => {
        await harness.push(`@user/${page.subject}`);
        const { epoch = "", seq = 0 } = (await harness.deps.rooms.get(`@user/${page.subject}`)) ?? {};
        await harness.deps.members.ack(`@user/${page.subject}`, page.connectionId, page.connectionId, { epoch, seq });
        await page.close();
      },
    ],
  ])(
    "who comes back with a new page that begins now %s is reported once for what that one skipped",
    async (_, then) => {
      await harness.push(own(ann), '"had"');
      await ann.ack();
      await ann.page.close();
      await harness.push(own(ann), '"skipped"');
      await harness.pass(7_000);
      const fresh = await AckingPage.open(harness, { subject: ann.page.subject });
      await then(fresh.page);
      await harness.pass(600_000);
      expect(fresh.dataOf("@user")).not.toContain("skipped");
      expect(harness.undelivered.map(({ seq }) => seq)).toEqual([2]);
      await AckingPage.open(harness, { subject: ann.page.subject });
      await harness.pass(600_000);
      expect(harness.undelivered.map(({ seq }) => seq)).toEqual([2]);
    },
  );

  test("who was never there is reported for what their first page skipped", async () => {
    const subject = `new-${harness.nextId()}`;
    await harness.push(`@user/${subject}`);
    await harness.pass(7_000);
    await AckingPage.open(harness, { subject });
    await harness.pass(600_000);
    expect(harness.undelivered).toMatchObject([{ subject, seq: 1 }]);
  });

  test("who polls for the first time is reported for what came before", async () => {
    await ann.page.close();
    await harness.push(own(ann));
    await harness.pass(7_000);
    const first = await poll(harness.deps, ann.page.claims, { rooms: [] });
    const { epoch, seq } = first.rooms.find((room) => room.roomId === "@user") as { epoch: string; seq: number };
    const rooms = [{ roomId: "@user", since: { epoch, seq } }];
    await poll(harness.deps, ann.page.claims, { session: first.session, rooms });
    await harness.pass(600_000);
    expect(harness.undelivered.map((each) => each.seq)).toEqual([1]);
  });

  test.each([
    ["has it", async () => ann.ack()],
    [
      "has it and closes",
      async () => {
        await ann.ack();
        await ann.page.close();
      },
    ],
  ])("is not reported for what a new page skipped, if another device %s", async (_, then) => {
    lose(ann);
    await harness.push(own(ann), '"m"');
    const fresh = await AckingPage.open(harness, { subject: ann.page.subject });
    heal(ann);
    await harness.pass(6_000);
    await then();
    await harness.pass(600_000);
    expect([ann.dataOf("@user"), fresh.dataOf("@user")]).toEqual([["m"], []]);
    expect(harness.undelivered).toEqual([]);
  });

  test("is not reported for what a new page skipped, if another device comes back for it in time", async () => {
    await ann.page.close();
    await harness.push(own(ann), '"m"');
    const fresh = await AckingPage.open(harness, { subject: ann.page.subject });
    await harness.pass(15_000);
    await ann.page.open();
    await ann.ack();
    await harness.pass(600_000);
    expect([ann.dataOf("@user"), fresh.dataOf("@user")]).toEqual([["m"], []]);
    expect(harness.undelivered).toEqual([]);
  });

  test("is reported once for what a device that is there never acks and a new page skipped", async () => {
    lose(ann);
    await harness.push(own(ann));
    const fresh = await AckingPage.open(harness, { subject: ann.page.subject });
    await harness.pass(600_000);
    expect(fresh.dataOf("@user")).toEqual([]);
    expect(harness.undelivered.map(({ seq }) => seq)).toEqual([1]);
  });

  test("who has it on one device is not reported for the other", async () => {
    const tablet = await AckingPage.open(harness, { subject: ann.page.subject });
    lose(tablet);
    await harness.push(own(ann));
    await ann.ack();
    await harness.pass(600_000);
    expect(harness.undelivered).toEqual([]);
  });

  test("who had it on a device that was closed since is not reported for the other", async () => {
    const tablet = await AckingPage.open(harness, { subject: ann.page.subject });
    lose(tablet);
    await harness.push(own(ann));
    await ann.ack();
    await ann.page.close();
    await harness.pass(600_000);
    expect(harness.undelivered).toEqual([]);
  });
});
