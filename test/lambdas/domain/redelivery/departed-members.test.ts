import { beforeEach, describe, expect, test } from "vitest";
import type { UnackedRange } from "../../../../lambdas/domain/model/unacked-range.ts";
import { AckingPage } from "../../../support/acking-page.ts";
import { Harness } from "../../../support/harness.ts";
import { openInMemoryTables } from "../../../support/in-memory-tables.ts";
import { intercept, interceptNext } from "../../../support/intercept.ts";
import { sharedTables } from "../../../support/shared-tables.ts";

// A member that had not acknowledged a message departs before its redeliveries are exhausted.

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
  // The leases of the logins have expired: no login is pending.
  await harness.pass(31_000);
});

const lose = ({ page }: AckingPage) => harness.lost.add(page.connectionId);
const heal = ({ page }: AckingPage) => harness.lost.delete(page.connectionId);
/** Pushes a message that bob acknowledges and the page does not receive. */
async function pushPast(ackingPage: AckingPage): Promise<void> {
  lose(ackingPage);
  await harness.push(room);
  heal(ackingPage);
  await bob.ack();
}
const reported = () => harness.undelivered.map(({ subject, roomId, seq }) => [subject, roomId, seq]);
const ofAnn = (...seqs: number[]) => seqs.map((seq) => [ann.page.subject, room, seq]);
async function unackedRanges(): Promise<UnackedRange[]> {
  const all: UnackedRange[] = [];
  for await (const page of harness.deps.unackedRanges.pages(room)) all.push(...page);
  return all;
}

describe("a departed user is reported once, when redelivery would be exhausted", () => {
  test.each<[string, () => Promise<void>]>([
    ["whose page closed", () => ann.page.close()],
    ["whose connection was lost, as a post finds", () => ann.page.close({ isReported: false })],
  ])("%s", async (_, depart) => {
    await pushPast(ann);
    await depart();
    await harness.pass(74_000);
    expect(reported()).toEqual([]);
    await harness.pass(600_000);
    expect(reported()).toEqual(ofAnn(1));
    expect([await unackedRanges(), harness.checks]).toEqual([[], []]);
  });

  test("from a room that is empty now", async () => {
    await pushPast(ann);
    await Promise.all([ann.page.close(), bob.page.close()]);
    await harness.pass(600_000);
    expect(reported()).toEqual(ofAnn(1));
  });

  test("with two devices", async () => {
    const tablet = await AckingPage.open(harness, { subject: ann.page.subject });
    await tablet.login(room, "loginWhenever");
    lose(tablet);
    await pushPast(ann);
    await Promise.all([ann.page.close(), tablet.page.close()]);
    await harness.pass(600_000);
    expect(reported()).toEqual(ofAnn(1));
  });

  test("that departed between two redeliveries", async () => {
    await pushPast(ann);
    lose(ann);
    await harness.pass(16_000);
    await ann.page.close();
    await harness.pass(600_000);
    expect(reported()).toEqual(ofAnn(1));
  });

  test("for each message at its own time", async () => {
    await pushPast(ann);
    await harness.pass(4_000);
    await pushPast(ann);
    await ann.page.close();
    await harness.pass(72_500);
    expect(reported()).toEqual(ofAnn(1));
    await harness.pass(600_000);
    expect(reported()).toEqual(ofAnn(1, 2));
  });

  test("that returned with a page that starts now", async () => {
    await pushPast(ann);
    await ann.page.close();
    const fresh = await AckingPage.open(harness, { subject: ann.page.subject });
    await fresh.login(room, "loginWhenever");
    await harness.push(room);
    await Promise.all([fresh.ack(), bob.ack()]);
    await harness.pass(600_000);
    expect(reported()).toEqual(ofAnn(1));
  });

  test("that returned with the session, did not acknowledge, and departed again", async () => {
    await pushPast(ann);
    await ann.page.close();
    await harness.pass(7_000);
    await ann.page.open();
    await ann.page.close();
    await harness.pass(600_000);
    expect(reported()).toEqual(ofAnn(1));
  });

  test("and not for later messages", async () => {
    await pushPast(ann);
    await ann.page.close();
    await harness.push(room);
    await bob.ack();
    await harness.pass(600_000);
    expect(reported()).toEqual(ofAnn(1));
  });

  test("for more messages than one read returns", async () => {
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

  test("for a message that took its number while the membership ended", async () => {
    interceptNext(harness.deps.members, "remove", (remove) => async (...args) => {
      await pushPast(ann);
      return remove(...args);
    });
    await ann.page.close();
    await harness.pass(600_000);
    expect(reported()).toEqual(ofAnn(1));
  });

  test("if the check that was to find the range ran just before the range was recorded", async () => {
    const { members, unackedRanges } = harness.deps;
    const [{ remove }, { record }] = [{ ...members }, { ...unackedRanges }];
    members.remove = async (...args) => {
      members.remove = remove;
      await pushPast(ann);
      return remove(...args);
    };
    unackedRanges.record = async (...args) => {
      unackedRanges.record = record;
      await harness.pass(6_000);
      return record(...args);
    };
    await ann.page.close();
    expect(harness.checks).toHaveLength(1);
    await harness.pass(600_000);
    expect(reported()).toEqual(ofAnn(1));
  });

  test("if the push that took the number writes its message much later", async () => {
    await harness.push(room);
    await Promise.all([ann.ack(), bob.ack()]);
    interceptNext(harness.deps.log, "append", (append) => async (message) => {
      await ann.page.close();
      // The check for the previous message finds the range.
      await harness.pass(10_000);
      return append(message);
    });
    await harness.push(room);
    await bob.ack();
    await harness.pass(600_000);
    expect(reported()).toEqual(ofAnn(2));
  });

  test("if such a message is followed by one that excludes the user", async () => {
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

  test("if the first report failed", async () => {
    await pushPast(ann);
    await ann.page.close();
    await harness.pass(70_000);
    const { undelivered } = harness;
    undelivered.push = () => {
      throw new Error("throttled");
    };
    const [due] = harness.checks;
    await expect(harness.pass(10_000)).rejects.toThrow("throttled");
    Reflect.deleteProperty(undelivered, "push");
    // The queue delivers the check again.
    if (due) harness.checks.push(due);
    await harness.pass(600_000);
    expect(reported()).toEqual(ofAnn(1));
  });
});

describe("a departed user is not reported", () => {
  test("that left the room, or was evicted", async () => {
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

  test("that was evicted, although the membership is not removed yet", async () => {
    await pushPast(ann);
    await harness.deps.rooms.takeOver(room, { connectionId: "crashed", transport: "websocket", expiresAtMs: 0 });
    await ann.page.close();
    expect(await unackedRanges()).toEqual([]);
  });

  test("whose last ack came while the membership ended", async () => {
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

  test("that had acked all messages: no check is scheduled", async () => {
    await harness.push(room);
    await Promise.all([ann.ack(), bob.ack()]);
    await harness.pass(6_000);
    await ann.page.close();
    expect([await unackedRanges(), harness.checks]).toEqual([[], []]);
    await harness.pass(600_000);
    expect(reported()).toEqual([]);
  });

  test("that had been reported before", async () => {
    lose(ann);
    await harness.push(room);
    await bob.ack();
    await harness.pass(100_000);
    await ann.page.close();
    expect([await unackedRanges(), harness.checks]).toEqual([[], []]);
    await harness.pass(600_000);
    expect(reported()).toEqual(ofAnn(1));
  });

  test("whose client does not acknowledge", async () => {
    const old = await harness.connect();
    await old.login(room, "loginWhenever");
    await harness.push(room);
    await Promise.all([ann.ack(), bob.ack()]);
    await old.close();
    expect(await unackedRanges()).toEqual([]);
  });

  test("for a message that excludes the user, is from the user, or has expired", async () => {
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
      "returned and acknowledged",
      async () => {
        await ann.page.open();
        await ann.ack();
      },
    ],
    [
      "returned, acknowledged, and departed again",
      async () => {
        await ann.page.open();
        await ann.ack();
        await ann.page.close();
      },
    ],
    [
      "acknowledged on another device",
      async (tablet) => {
        await (await tablet()).ack();
      },
    ],
    [
      "acknowledged on another device that departed, too",
      async (tablet) => {
        const ackingPage = await tablet();
        await ackingPage.ack();
        await ackingPage.page.close();
      },
    ],
  ])("that %s", async (name, then) => {
    const tablet = await AckingPage.open(harness, { subject: ann.page.subject });
    await tablet.login(room, "loginWhenever");
    const isOtherDevice = name.includes("another");
    if (!isOtherDevice) await tablet.page.leave(room);
    await pushPast(ann);
    await ann.page.close();
    await then(async () => tablet);
    await harness.pass(600_000);
    expect(reported()).toEqual([]);
    expect([await unackedRanges(), harness.checks]).toEqual([[], []]);
  });
});

describe("the number of ack checks is small", () => {
  let scheduled: number;
  beforeEach(() => {
    scheduled = 0;
    const { scheduleAckCheck } = harness.deps;
    intercept(harness.deps, "scheduleAckCheck", () => async (check, afterMs) => {
      if (check.roomId === room) scheduled += 1;
      await scheduleAckCheck(check, afterMs);
    });
  });

  test("a reloaded page that resumes its session costs only the check for the message", async () => {
    await pushPast(ann);
    await ann.page.close();
    await ann.page.open();
    await ann.ack();
    await harness.pass(600_000);
    expect(scheduled).toBe(1);
    expect(reported()).toEqual([]);
  });

  test("a departed session costs one more", async () => {
    await pushPast(ann);
    await ann.page.close({ isReported: false });
    await harness.pass(600_000);
    expect(scheduled).toBe(2);
    expect(reported()).toEqual(ofAnn(1));
  });

  test("a hundred sessions that depart together cost as many as one", async () => {
    const many = await Promise.all(Array.from({ length: 100 }, () => AckingPage.open(harness)));
    for (const ackingPage of many) await ackingPage.login(room, "loginWhenever");
    for (const ackingPage of many) lose(ackingPage);
    await pushPast(ann);
    await Promise.all([ann, ...many].map(({ page }) => page.close()));
    const { pages } = harness.deps.members;
    let scans = 0;
    intercept(harness.deps.members, "pages", () => (roomId, ...args) => {
      if (roomId === room) scans += 1;
      return pages(roomId, ...args);
    });
    await harness.pass(600_000);
    expect(harness.undelivered).toHaveLength(101);
    expect([scheduled, scans]).toEqual([2, 1]);
  });
});
