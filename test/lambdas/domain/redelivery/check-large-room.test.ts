import { beforeEach, describe, expect, test } from "vitest";
import { openQuickTables } from "../../../support/quick-tables.ts";
import { Reader } from "../../../support/reader.ts";
import { tablesForAll } from "../../../support/tables-for-all.ts";
import { World } from "../../../support/world.ts";

// A room of 40,000, of whom the tables hold twenty: as far as anybody can see, these are the first few of many. So its
// members may take 64 s to ack, and each try waits for that.

const tables = tablesForAll(openQuickTables);

const checked = 40_000;
let world: World;
let room = "";
let readers: Reader[];
beforeEach(async () => {
  world = new World(tables.client);
  room = `room-${world.nextId()}`;
  readers = [];
  for (let i = 0; i < 20; i += 1) {
    const reader = await Reader.open(world);
    await reader.login(room, "loginWhenever");
    readers.push(reader);
  }
  await world.pass(31_000);
  const { first } = world.deps.members;
  world.deps.members.first = async (roomId, max) => {
    const { members } = await first(roomId, max);
    return { members, share: members.length / checked };
  };
});
function lose(some: Reader[]): void {
  for (const { page } of some) world.lost.add(page.connectionId);
}
const ackAll = () => Promise.all(readers.map((reader) => reader.ack()));
const resendsTo = ({ page }: Reader) => page.inbox.filter(({ type }) => type === "replayed").length;

describe("a look at a very large room", () => {
  test("is divided, so that each look has time for its part", async () => {
    await world.push(room);
    await world.pass(0);
    await ackAll();
    const [whole] = world.checks.splice(0);
    await world.pass(60_000);
    if (whole) world.checks.push({ ...whole, atMs: world.nowMs });
    const { scheduleAckCheck } = world.deps;
    const ordered: unknown[] = [];
    world.deps.scheduleAckCheck = async (check, afterMs) => {
      ordered.push(check);
      await scheduleAckCheck(check, afterMs);
    };
    await world.pass(0);
    expect(ordered).toEqual([0, 1, 2, 3].map((index) => ({ roomId: room, hop: 1, part: { index, of: 4 } })));
    // All have acked: nothing follows.
    expect(world.checks).toEqual([]);
  });

  test("sends again to all who lack a message, wherever they are, and to nobody else", async () => {
    const lacking = readers.filter((_, i) => i % 3 === 0);
    lose(lacking);
    await world.push(room, '"hi"');
    await world.pass(0);
    await ackAll();
    world.lost.clear();
    await world.pass(400_000);
    await ackAll();
    for (const reader of readers) expect(reader.dataOf(room)).toEqual(["hi"]);
    for (const reader of readers.filter((each) => !lacking.includes(each))) expect(resendsTo(reader)).toBe(0);
  });

  test("reports once what was sent often enough, and comes to an end", async () => {
    const lacking = readers.slice(0, 3);
    lose(lacking);
    await world.push(room, '"hi"');
    await world.pass(0);
    await ackAll();
    await world.pass(1_800_000);
    const subjects = world.undelivered.map(({ subject }) => subject).toSorted();
    expect(subjects).toEqual(lacking.map(({ page }) => page.subject).toSorted());
    expect(world.checks).toEqual([]);
  });

  test("reports once who has gone, and not who has come back for it", async () => {
    const lacking = readers.slice(0, 6);
    lose(lacking);
    await world.push(room, '"hi"');
    await world.pass(0);
    await ackAll();
    world.lost.clear();
    for (const { page } of lacking) await page.close();
    const [back, gone] = [lacking.slice(0, 3), lacking.slice(3)];
    for (const reader of back) {
      await reader.page.open();
      await reader.ack();
    }
    await world.pass(3_000_000);
    const subjects = world.undelivered.map(({ subject }) => subject).toSorted();
    expect(subjects).toEqual(gone.map(({ page }) => page.subject).toSorted());
    expect(world.checks).toEqual([]);
  });
});
