import { beforeEach, describe, expect, test } from "vitest";
import { poll } from "../../../lambdas/domain/login/poll.ts";
import { everyone } from "../../../protocol/ids.ts";
import { AckingPage } from "../../support/acking-page.ts";
import { Harness } from "../../support/harness.ts";
import { openInMemoryTables } from "../../support/in-memory-tables.ts";
import { sharedTables } from "../../support/shared-tables.ts";
import { type KeyUse, watchKeys } from "../../support/watch-keys.ts";

// A partition key takes 1,000 writes and 3,000 reads a second. The room of everyone has one row per deployment.

const tables = sharedTables(openInMemoryTables);

let harness: Harness;
const uses: KeyUse[] = [];
const writesOf = (roomId: string) => uses.filter(({ key, kind }) => kind === "write" && key === roomId).length;
beforeEach(async () => {
  harness = new Harness(watchKeys(tables.client, (use) => void uses.push(use)));
  // Creates the room of everyone.
  await AckingPage.open(harness);
  uses.length = 0;
});

const pageCount = 10;

describe("the key of everyone is not written", () => {
  test("when pages connect, for the first time or again", async () => {
    for (let i = 0; i < pageCount; i += 1) {
      const page = await AckingPage.open(harness);
      await page.page.open();
    }
    expect(writesOf(everyone)).toBe(0);
  });

  test("when pages poll", async () => {
    for (let i = 0; i < pageCount; i += 1) {
      const { claims } = harness.page();
      const { session } = await poll(harness.deps, claims, { rooms: [] });
      await poll(harness.deps, claims, { session, rooms: [{ roomId: everyone }] });
    }
    expect(writesOf(everyone)).toBe(0);
  });

  test("when connections end: resume points have separate keys", async () => {
    const readers = await Promise.all(Array.from({ length: pageCount }, () => AckingPage.open(harness)));
    await harness.push(everyone);
    for (const reader of readers) await reader.ack();
    uses.length = 0;
    for (const { page } of readers) await page.close();
    expect(writesOf(everyone)).toBe(0);
    const returned = await AckingPage.open(harness, { subject: readers[0]?.page.subject ?? "" });
    expect(await harness.deps.resumePoints.get(everyone, returned.page.subject)).toMatchObject({ seq: 1 });
  });
});

test("a resumed membership does not write the room's row", async () => {
  const room = `room-${harness.nextId()}`;
  const reader = await AckingPage.open(harness);
  await reader.login(room, "loginWhenever");
  uses.length = 0;
  await reader.page.open();
  // The membership moves to the new connection, and its cursor to the position in hello.
  expect(writesOf(room)).toBe(2);
});
