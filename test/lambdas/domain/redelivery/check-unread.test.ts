import { expect, test } from "vitest";
import { checkRoom } from "../../../../lambdas/domain/redelivery/check-room.ts";
import { countCalls, crash, interleave } from "../../../support/crash.ts";
import { openQuickTables } from "../../../support/quick-tables.ts";
import { Reader } from "../../../support/reader.ts";
import { tablesForAll } from "../../../support/tables-for-all.ts";
import { World } from "../../../support/world.ts";

// A user's page joins at the newest message. What was sent before, and no device of the user acks, is reported.

const tables = tablesForAll(openQuickTables);
const moments = ["before", "after"] as const;

function begin() {
  const world = new World(tables.client);
  const subject = `subject-${world.nextId()}`;
  return { world, subject, room: `@user/${subject}` };
}
/** The ack check of the messages that were unread when a page joined. */
function unreadCheck(world: World) {
  const ordered = world.checks.find(({ check }) => check.unread);
  if (!ordered) throw new Error("no ack check is scheduled");
  world.checks.splice(world.checks.indexOf(ordered), 1);
  world.nowMs = ordered.atMs;
  return { work: () => checkRoom(world.ackCheckDeps, ordered.check), again: () => world.checks.push(ordered) };
}
const reportedSeqs = ({ undelivered }: World) => undelivered.map(({ seq }) => seq);

// One ack check reports at most 100 messages.
test("all messages unread before a user's page joined are reported, also more than one ack check reports", async () => {
  const { world, subject, room } = begin();
  for (let i = 0; i < 130; i += 1) await world.push(room);
  await Reader.open(world, { subject });
  await world.pass(600_000);
  expect(reportedSeqs(world)).toEqual(Array.from({ length: 130 }, (_, i) => i + 1));
});

test("a crash at any point of the ack check loses no report: it reports before it records that", async () => {
  const open = async () => {
    const { world, subject, room } = begin();
    await world.push(room);
    await Reader.open(world, { subject });
    return { world, ...unreadCheck(world) };
  };
  const counted = await open();
  const calls = await countCalls(counted.world, counted.work);
  expect(reportedSeqs(counted.world)).toEqual([1]);
  for (let call = 1; call <= calls; call += 1) {
    for (const moment of moments) {
      const { world, work, again } = await open();
      await crash(world, work, { call, moment });
      again();
      await world.pass(600_000);
      expect(reportedSeqs(world), `${moment} call ${call} of ${calls}`).toContain(1);
    }
  }
});

test("a crash at any point of a page's connect loses no report: the ack check is scheduled before the cursor is written", async () => {
  const open = async () => {
    const { world, subject, room } = begin();
    await world.push(room);
    return { world, reader: new Reader(world, { subject }) };
  };
  const counted = await open();
  const calls = await countCalls(counted.world, () => counted.reader.page.open());
  for (let call = 1; call <= calls; call += 1) {
    for (const moment of moments) {
      const { world, reader } = await open();
      await crash(world, () => reader.page.open(), { call, moment });
      await reader.page.open();
      await world.pass(600_000);
      expect(reportedSeqs(world), `${moment} call ${call} of ${calls}`).toContain(1);
    }
  }
});

test("a device that has acked and disconnects at any point of the ack check counts: cursors are read after members", async () => {
  const open = async () => {
    const { world, subject, room } = begin();
    const phone = await Reader.open(world, { subject });
    await world.push(room);
    await Reader.open(world, { subject });
    await phone.ack();
    return { world, phone, ...unreadCheck(world) };
  };
  const counted = await open();
  const calls = await countCalls(counted.world, counted.work);
  expect(calls).toBeGreaterThan(0);
  for (let call = 1; call <= calls; call += 1) {
    const { world, phone, work } = await open();
    await interleave(world, work, call, () => phone.page.close());
    expect(phone.page.line).toBe("closed");
    expect(reportedSeqs(world), `before call ${call} of ${calls}`).toEqual([]);
  }
});
