import { beforeEach, describe, expect, test } from "vitest";
import { AckingPage } from "../../../support/acking-page.ts";
import { Harness } from "../../../support/harness.ts";
import { openInMemoryTables } from "../../../support/in-memory-tables.ts";
import { intercept } from "../../../support/intercept.ts";
import { sharedTables } from "../../../support/shared-tables.ts";

// A room of 40,000, of whom the tables hold twenty: as far as anybody can see, these are the first few of many. So its
// members may take 64 s to ack, and each try waits for that.

const tables = sharedTables(openInMemoryTables);

const checked = 40_000;
let harness: Harness;
let room = "";
let readers: AckingPage[];
beforeEach(async () => {
  harness = new Harness(tables.client);
  room = `room-${harness.nextId()}`;
  readers = [];
  for (let i = 0; i < 20; i += 1) {
    const reader = await AckingPage.open(harness);
    await reader.login(room, "loginWhenever");
    readers.push(reader);
  }
  await harness.pass(31_000);
  intercept(harness.deps.members, "first", (first) => async (roomId, max) => {
    const { members } = await first(roomId, max);
    return { members, share: members.length / checked };
  });
});
function lose(some: AckingPage[]): void {
  for (const { page } of some) harness.lost.add(page.connectionId);
}
const ackAll = () => Promise.all(readers.map((reader) => reader.ack()));
const resendsTo = ({ page }: AckingPage) => page.inbox.filter(({ type }) => type === "replayed").length;

describe("a look at a very large room", () => {
  test("is divided, so that each look has time for its part", async () => {
    await harness.push(room);
    await harness.pass(0);
    await ackAll();
    const [whole] = harness.checks.splice(0);
    await harness.pass(60_000);
    if (whole) harness.checks.push({ ...whole, atMs: harness.nowMs });
    const ordered: unknown[] = [];
    intercept(harness.deps, "scheduleAckCheck", (scheduleAckCheck) => async (check, afterMs) => {
      ordered.push(check);
      await scheduleAckCheck(check, afterMs);
    });
    await harness.pass(0);
    expect(ordered).toEqual(
      [0, 1, 2, 3].map((index) => ({ kind: "room", roomId: room, hop: 1, part: { index, of: 4 } })),
    );
    // All have acked: nothing follows.
    expect(harness.checks).toEqual([]);
  });

  test("sends again to all who lack a message, wherever they are, and to nobody else", async () => {
    const lacking = readers.filter((_, i) => i % 3 === 0);
    lose(lacking);
    await harness.push(room, '"hi"');
    await harness.pass(0);
    await ackAll();
    harness.lost.clear();
    await harness.pass(400_000);
    await ackAll();
    for (const reader of readers) expect(reader.dataOf(room)).toEqual(["hi"]);
    for (const reader of readers.filter((each) => !lacking.includes(each))) expect(resendsTo(reader)).toBe(0);
  });

  test("reports once what was sent often enough, and comes to an end", async () => {
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

  test("reports once who has gone, and not who has come back for it", async () => {
    const lacking = readers.slice(0, 6);
    lose(lacking);
    await harness.push(room, '"hi"');
    await harness.pass(0);
    await ackAll();
    harness.lost.clear();
    for (const { page } of lacking) await page.close();
    const [back, gone] = [lacking.slice(0, 3), lacking.slice(3)];
    for (const reader of back) {
      await reader.page.open();
      await reader.ack();
    }
    await harness.pass(3_000_000);
    const subjects = harness.undelivered.map(({ subject }) => subject).toSorted();
    expect(subjects).toEqual(gone.map(({ page }) => page.subject).toSorted());
    expect(harness.checks).toEqual([]);
  });
});
