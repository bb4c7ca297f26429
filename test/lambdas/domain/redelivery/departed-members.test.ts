import { beforeEach, describe, expect, test } from "vitest";
import type { UnackedRange } from "../../../../lambdas/domain/model/unacked-range.ts";
import { AckingPage } from "../../../support/acking-page.ts";
import { Harness } from "../../../support/harness.ts";
import { openInMemoryTables } from "../../../support/in-memory-tables.ts";
import { intercept, interceptNext } from "../../../support/intercept.ts";
import { sharedTables } from "../../../support/shared-tables.ts";

// Somebody was in when a message came, did not ack it, and is gone before the last try.

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

const lose = ({ page }: AckingPage) => harness.lost.add(page.connectionId);
const heal = ({ page }: AckingPage) => harness.lost.delete(page.connectionId);
/** A message that bob has and ann has not. */
async function pushPast(reader: AckingPage): Promise<void> {
  lose(reader);
  await harness.push(room);
  heal(reader);
  await bob.ack();
}
const reported = () => harness.undelivered.map(({ subject, roomId, seq }) => [subject, roomId, seq]);
const ofAnn = (...seqs: number[]) => seqs.map((seq) => [ann.page.subject, room, seq]);
async function unackedRanges(): Promise<UnackedRange[]> {
  const all: UnackedRange[] = [];
  for await (const page of harness.deps.unackedRanges.pages(room)) all.push(...page);
  return all;
}

describe("who is gone is reported once, when their last try would have been over", () => {
  test.each<[string, () => Promise<void>]>([
    ["closed", () => ann.page.close()],
    ["died, and a post found that out", () => ann.page.close({ isReported: false })],
  ])("and %s", async (_, go) => {
    await pushPast(ann);
    await go();
    await harness.pass(74_000);
    expect(reported()).toEqual([]);
    await harness.pass(600_000);
    expect(reported()).toEqual(ofAnn(1));
    expect([await unackedRanges(), harness.checks]).toEqual([[], []]);
  });

  test("though nobody is left in the room", async () => {
    await pushPast(ann);
    await Promise.all([ann.page.close(), bob.page.close()]);
    await harness.pass(600_000);
    expect(reported()).toEqual(ofAnn(1));
  });

  test("though two of their devices are", async () => {
    const tablet = await AckingPage.open(harness, { subject: ann.page.subject });
    await tablet.login(room, "loginWhenever");
    lose(tablet);
    await pushPast(ann);
    await Promise.all([ann.page.close(), tablet.page.close()]);
    await harness.pass(600_000);
    expect(reported()).toEqual(ofAnn(1));
  });

  test("and went between two tries", async () => {
    await pushPast(ann);
    lose(ann);
    await harness.pass(16_000);
    await ann.page.close();
    await harness.pass(600_000);
    expect(reported()).toEqual(ofAnn(1));
  });

  test("for each message on its own time", async () => {
    await pushPast(ann);
    await harness.pass(4_000);
    await pushPast(ann);
    await ann.page.close();
    await harness.pass(72_500);
    expect(reported()).toEqual(ofAnn(1));
    await harness.pass(600_000);
    expect(reported()).toEqual(ofAnn(1, 2));
  });

  test("and came back with a page that begins now", async () => {
    await pushPast(ann);
    await ann.page.close();
    const fresh = await AckingPage.open(harness, { subject: ann.page.subject });
    await fresh.login(room, "loginWhenever");
    await harness.push(room);
    await Promise.all([fresh.ack(), bob.ack()]);
    await harness.pass(600_000);
    expect(reported()).toEqual(ofAnn(1));
  });

  test("and came back for it, and went again", async () => {
    await pushPast(ann);
    await ann.page.close();
    await harness.pass(7_000);
    await ann.page.open();
    await ann.page.close();
    await harness.pass(600_000);
    expect(reported()).toEqual(ofAnn(1));
  });

  test("and is reported for no message that came later", async () => {
    await pushPast(ann);
    await ann.page.close();
    await harness.push(room);
    await bob.ack();
    await harness.pass(600_000);
    expect(reported()).toEqual(ofAnn(1));
  });

  test("however many messages that are", async () => {
    lose(ann);
    for (let i = 0; i < 150; i += 1) {
      await harness.push(room);
      if (i % 50 === 0) await bob.ack();
    }
    await bob.ack();
    await ann.page.close();
    await harness.pass(600_000);
    expect(reported()).toEqual(ofAnn(...Array.from({ length: 150 }, (_, i) => i + 1)));
    expect(await unackedRanges()).toEqual([]);
  });

  test("also if the message took its number while they were going", async () => {
    interceptNext(harness.deps.members, "remove", (remove) => async (...args) => {
      await pushPast(ann);
      return remove(...args);
    });
    await ann.page.close();
    await harness.pass(600_000);
    expect(reported()).toEqual(ofAnn(1));
  });

  test("also if the look that should have come upon that was made just before it was noted", async () => {
    const { members, unackedRanges } = harness.deps;
    interceptNext(members, "remove", (remove) => async (...args) => {
      await pushPast(ann);
      return remove(...args);
    });
    interceptNext(unackedRanges, "record", (record) => async (...args) => {
      await harness.pass(6_000);
      return record(...args);
    });
    await ann.page.close();
    expect(harness.checks).toHaveLength(1);
    await harness.pass(600_000);
    expect(reported()).toEqual(ofAnn(1));
  });

  test("also if the push that took the number writes it much later", async () => {
    await harness.push(room);
    await Promise.all([ann.ack(), bob.ack()]);
    interceptNext(harness.deps.log, "append", (append) => async (message) => {
      await ann.page.close();
      // The look for the message before comes upon the debt.
      await harness.pass(10_000);
      return append(message);
    });
    await harness.push(room);
    await bob.ack();
    await harness.pass(600_000);
    expect(reported()).toEqual(ofAnn(2));
  });

  test("also if what was pushed behind that is not for them", async () => {
    await harness.push(room);
    await Promise.all([ann.ack(), bob.ack()]);
    interceptNext(harness.deps.log, "append", (append) => async (message) => {
      await harness.push(room, "1", { exclude: [ann.page.subject] });
      await ann.page.close();
      await harness.pass(10_000);
      return append(message);
    });
    await harness.push(room);
    await bob.fill();
    await bob.ack();
    await harness.pass(600_000);
    expect(reported()).toEqual(ofAnn(2));
  });

  test("also when that report could not be made at first", async () => {
    await pushPast(ann);
    await ann.page.close();
    await harness.pass(70_000);
    const restore = intercept(harness.undelivered, "push", () => () => {
      throw new Error("throttled");
    });
    const [due] = harness.checks;
    await expect(harness.pass(10_000)).rejects.toThrow("throttled");
    restore();
    // The queue shows the look again.
    if (due) harness.checks.push(due);
    await harness.pass(600_000);
    expect(reported()).toEqual(ofAnn(1));
  });
});

describe("who is gone is not reported", () => {
  test("if they left the room, or were put out", async () => {
    await pushPast(ann);
    await ann.page.leave(room);
    await harness.pass(600_000);
    expect(reported()).toEqual([]);
    const eve = await AckingPage.open(harness);
    await pushPast(bob);
    await eve.login(room, "loginWhenLast");
    await bob.page.close();
    await harness.pass(600_000);
    expect(reported()).toEqual([]);
  });

  test("if they were put out and their place was not removed yet", async () => {
    await pushPast(ann);
    await harness.deps.rooms.takeOver(room, { connectionId: "crashed", transport: "websocket", expiresAtMs: 0 });
    await ann.page.close();
    expect(await unackedRanges()).toEqual([]);
  });

  test("if their last ack came while they were going", async () => {
    interceptNext(harness.deps.members, "remove", (remove) => async (...args) => {
      const [roomId, session, connectionId] = args;
      const { epoch = "" } = (await harness.deps.rooms.get(room)) ?? {};
      await harness.deps.members.ack(roomId, session, connectionId, { epoch, seq: 1 });
      return remove(...args);
    });
    await pushPast(ann);
    await ann.page.close();
    expect(await unackedRanges()).toEqual([]);
    await harness.pass(600_000);
    expect(reported()).toEqual([]);
  });

  test("if they had everything, which costs no look", async () => {
    await harness.push(room);
    await Promise.all([ann.ack(), bob.ack()]);
    await harness.pass(6_000);
    await ann.page.close();
    expect([await unackedRanges(), harness.checks]).toEqual([[], []]);
    await harness.pass(600_000);
    expect(reported()).toEqual([]);
  });

  test("if they had been reported before they went", async () => {
    lose(ann);
    await harness.push(room);
    await bob.ack();
    await harness.pass(100_000);
    await ann.page.close();
    expect([await unackedRanges(), harness.checks]).toEqual([[], []]);
    await harness.pass(600_000);
    expect(reported()).toEqual(ofAnn(1));
  });

  test("if they do not ack at all", async () => {
    const old = await harness.connect();
    await old.login(room, "loginWhenever");
    await harness.push(room);
    await Promise.all([ann.ack(), bob.ack()]);
    await old.close();
    expect(await unackedRanges()).toEqual([]);
  });

  test("for what is not for them, or what they sent themselves, or what nobody wants any more", async () => {
    lose(ann);
    await harness.push(room, "1", { exclude: [ann.page.subject] });
    await harness.push(room, "1", { from: ann.page.subject });
    await harness.push(room, "1", { ttlMs: 10_000 });
    await bob.ack();
    await ann.page.close();
    await harness.pass(600_000);
    expect(reported()).toEqual([]);
    expect(await unackedRanges()).toEqual([]);
  });

  test.each<[string, (fresh: () => Promise<AckingPage>) => Promise<void>]>([
    [
      "came back and has it",
      async () => {
        await ann.page.open();
        await ann.ack();
      },
    ],
    [
      "came back, has it and is gone again",
      async () => {
        await ann.page.open();
        await ann.ack();
        await ann.page.close();
      },
    ],
    [
      "have it on another device that was there",
      async (tablet) => {
        await (await tablet()).ack();
      },
    ],
    [
      "have it on another device that is gone too",
      async (tablet) => {
        const reader = await tablet();
        await reader.ack();
        await reader.page.close();
      },
    ],
  ])("if they %s", async (_, then) => {
    const tablet = await AckingPage.open(harness, { subject: ann.page.subject });
    await tablet.login(room, "loginWhenever");
    const isOther = _.includes("another");
    if (!isOther) await tablet.page.leave(room);
    await pushPast(ann);
    await ann.page.close();
    await then(async () => tablet);
    await harness.pass(600_000);
    expect(reported()).toEqual([]);
    expect([await unackedRanges(), harness.checks]).toEqual([[], []]);
  });
});

describe("looks are few", () => {
  let ordered: number;
  beforeEach(() => {
    ordered = 0;
    intercept(harness.deps, "scheduleAckCheck", (scheduleAckCheck) => async (check, afterMs) => {
      if (check.roomId === room) ordered += 1;
      await scheduleAckCheck(check, afterMs);
    });
  });

  test("a page that is loaded anew and resumes its session costs none but the one for the message", async () => {
    await pushPast(ann);
    await ann.page.close();
    await ann.page.open();
    await ann.ack();
    await harness.pass(600_000);
    expect(ordered).toBe(1);
    expect(reported()).toEqual([]);
  });

  test("one that is gone costs one more", async () => {
    await pushPast(ann);
    await ann.page.close({ isReported: false });
    await harness.pass(600_000);
    expect(ordered).toBe(2);
    expect(reported()).toEqual(ofAnn(1));
  });

  test("a hundred that go at once cost no more than one", async () => {
    const many = await Promise.all(Array.from({ length: 100 }, () => AckingPage.open(harness)));
    for (const reader of many) await reader.login(room, "loginWhenever");
    for (const reader of many) lose(reader);
    await pushPast(ann);
    await Promise.all([ann, ...many].map(({ page }) => page.close()));
    let scans = 0;
    intercept(harness.deps.members, "pages", (pages) => (roomId, ...args) => {
      if (roomId === room) scans += 1;
      return pages(roomId, ...args);
    });
    await harness.pass(600_000);
    expect(harness.undelivered).toHaveLength(101);
    expect([ordered, scans]).toEqual([2, 1]);
  });
});
