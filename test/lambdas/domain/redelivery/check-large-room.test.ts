import { beforeEach, describe, expect, test } from "vitest";
import { AckingPage } from "../../../support/acking-page.ts";
import { Harness } from "../../../support/harness.ts";
import { openInMemoryTables } from "../../../support/in-memory-tables.ts";
import { intercept } from "../../../support/intercept.ts";
import { sharedTables } from "../../../support/shared-tables.ts";

// A room of 40,000 members. The tables hold twenty of them, as the first page of many. Members have 64 s to acknowledge,
// and each AckWait is longer by that.

const tables = sharedTables(openInMemoryTables);

const memberCount = 40_000;
let harness: Harness;
let room = "";
let readers: AckingPage[];
beforeEach(async () => {
  harness = new Harness(tables.client);
  room = `room-${harness.nextId()}`;
  readers = [];
  for (let i = 0; i < 20; i += 1) {
    const ackingPage = await AckingPage.open(harness);
    await ackingPage.login(room, "loginWhenever");
    readers.push(ackingPage);
  }
  await harness.pass(31_000);
  const { first } = harness.deps.members;
  intercept(harness.deps.members, "first", () => async (roomId, max) => {
    const { members } = await first(roomId, max);
    return { members, share: members.length / memberCount };
  });
});
function lose(some: AckingPage[]): void {
  for (const { page } of some) harness.lost.add(page.connectionId);
}
const ackAll = () => Promise.all(readers.map((ackingPage) => ackingPage.ack()));
const redeliveriesTo = ({ page }: AckingPage) => page.inbox.filter(({ type }) => type === "replayed").length;

describe("an ack check of a very large room", () => {
  test("is divided into parts, with a check each", async () => {
    await harness.push(room);
    await harness.pass(0);
    await ackAll();
    const [whole] = harness.checks.splice(0);
    await harness.pass(60_000);
    if (whole) harness.checks.push({ ...whole, atMs: harness.nowMs });
    const { scheduleAckCheck } = harness.deps;
    const scheduled: unknown[] = [];
    intercept(harness.deps, "scheduleAckCheck", () => async (check, afterMs) => {
      scheduled.push(check);
      await scheduleAckCheck(check, afterMs);
    });
    await harness.pass(0);
    expect(scheduled).toEqual(
      [0, 1, 2, 3].map((index) => ({ kind: "room", roomId: room, hop: 1, part: { index, of: 4 } })),
    );
    // All members have acknowledged: no further check is scheduled.
    expect(harness.checks).toEqual([]);
  });

  test("redelivers to all members that lack a message, in every part, and to no other", async () => {
    const lacking = readers.filter((_, i) => i % 3 === 0);
    lose(lacking);
    await harness.push(room, '"hi"');
    await harness.pass(0);
    await ackAll();
    harness.lost.clear();
    await harness.pass(400_000);
    await ackAll();
    for (const ackingPage of readers) expect(ackingPage.dataOf(room)).toEqual(["hi"]);
    for (const ackingPage of readers.filter((each) => !lacking.includes(each)))
      expect(redeliveriesTo(ackingPage)).toBe(0);
  });

  test("reports each exhausted message once, and ends its chains", async () => {
    const lacking = readers.slice(0, 3);
    lose(lacking);
    await harness.push(room, '"hi"');
    await harness.pass(0);
    await ackAll();
    await harness.pass(1_800_000);
    const subjects = harness.undelivered.map(({ subject }) => subject).toSorted();
    expect(subjects).toEqual(lacking.map(({ page }) => page.subject).toSorted());
    expect(harness.checks).toEqual([]);
  });

  test("reports each departed session once, and none that returned for the message", async () => {
    const lacking = readers.slice(0, 6);
    lose(lacking);
    await harness.push(room, '"hi"');
    await harness.pass(0);
    await ackAll();
    harness.lost.clear();
    for (const { page } of lacking) await page.close();
    const [returned, departed] = [lacking.slice(0, 3), lacking.slice(3)];
    for (const ackingPage of returned) {
      await ackingPage.page.open();
      await ackingPage.ack();
    }
    await harness.pass(3_000_000);
    const subjects = harness.undelivered.map(({ subject }) => subject).toSorted();
    expect(subjects).toEqual(departed.map(({ page }) => page.subject).toSorted());
    expect(harness.checks).toEqual([]);
  });
});
