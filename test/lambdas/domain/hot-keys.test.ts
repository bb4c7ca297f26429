import { beforeEach, describe, expect, test } from "vitest";
import { poll } from "../../../lambdas/domain/login/poll.ts";
import { everyone } from "../../../protocol/ids.ts";
import { openQuickTables } from "../../support/quick-tables.ts";
import { Reader } from "../../support/reader.ts";
import { tablesForAll } from "../../support/tables-for-all.ts";
import { type KeyUse, watchKeys } from "../../support/watch-keys.ts";
import { World } from "../../support/world.ts";

// One partition key takes 1,000 writes and 3,000 reads a second, and everyone's row is under one for all of a stack.

const tables = tablesForAll(openQuickTables);

let world: World;
const uses: KeyUse[] = [];
const writesOf = (roomId: string) => uses.filter(({ key, kind }) => kind === "write" && key === roomId).length;
beforeEach(async () => {
  world = new World(watchKeys(tables.client, (use) => void uses.push(use)));
  // Everyone's room is there.
  await Reader.open(world);
  uses.length = 0;
});

const many = 10;

describe("everyone's key is not written", () => {
  test("when pages come, for the first time or back", async () => {
    for (let i = 0; i < many; i += 1) {
      const page = await Reader.open(world);
      await page.page.open();
    }
    expect(writesOf(everyone)).toBe(0);
  });

  test("when pages poll", async () => {
    for (let i = 0; i < many; i += 1) {
      const { claims } = world.page();
      const { session } = await poll(world.deps, claims, { rooms: [] });
      await poll(world.deps, claims, { session, rooms: [{ roomId: everyone }] });
    }
    expect(writesOf(everyone)).toBe(0);
  });

  test("when connections end: where somebody stopped is kept under another key", async () => {
    const readers = await Promise.all(Array.from({ length: many }, () => Reader.open(world)));
    await world.push(everyone);
    for (const reader of readers) await reader.ack();
    uses.length = 0;
    for (const { page } of readers) await page.close();
    expect(writesOf(everyone)).toBe(0);
    const back = await Reader.open(world, { subject: readers[0]?.page.subject ?? "" });
    expect(await world.deps.resumePoints.get(everyone, back.page.subject)).toMatchObject({ seq: 1 });
  });
});

test("a place that is taken back does not write the room's own row", async () => {
  const room = `room-${world.nextId()}`;
  const reader = await Reader.open(world);
  await reader.login(room, "loginWhenever");
  uses.length = 0;
  await reader.page.open();
  // The place moves to the new connection, and its cursor to where the page says that it is.
  expect(writesOf(room)).toBe(2);
});
