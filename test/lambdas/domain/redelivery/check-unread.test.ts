import { expect, test } from "vitest";
import { runAckCheck } from "../../../../lambdas/domain/redelivery/run-ack-check.ts";
import { AckingPage } from "../../../support/acking-page.ts";
import { countCalls, crash, interleave } from "../../../support/crash.ts";
import { Harness } from "../../../support/harness.ts";
import { openInMemoryTables } from "../../../support/in-memory-tables.ts";
import { sharedTables } from "../../../support/shared-tables.ts";

// A user's page joins at the newest message. What was sent before, and no device of the user acks, is reported.

const tables = sharedTables(openInMemoryTables);
const moments = ["before", "after"] as const;

function begin() {
  const harness = new Harness(tables.client);
  const subject = `subject-${harness.nextId()}`;
  return { harness, subject, room: `@user/${subject}` };
}
/** The ack check of the messages that were unread when a page joined. */
function unreadCheck(harness: Harness) {
  const scheduled = harness.checks.find(({ check }) => check.kind === "unread");
  if (!scheduled) throw new Error("no ack check is scheduled");
  harness.checks.splice(harness.checks.indexOf(scheduled), 1);
  harness.nowMs = scheduled.atMs;
  return {
    work: () => runAckCheck(harness.ackCheckDeps, scheduled.check),
    again: () => harness.checks.push(scheduled),
  };
}
const reportedSeqs = ({ undelivered }: Harness) => undelivered.map(({ seq }) => seq);

// One ack check reports at most 100 messages.
test("all messages unread before a user's page joined are reported, also more than one ack check reports", async () => {
  const { harness, subject, room } = begin();
  for (let i = 0; i < 130; i += 1) await harness.push(room);
  await AckingPage.open(harness, { subject });
  await harness.pass(600_000);
  expect(reportedSeqs(harness)).toEqual(Array.from({ length: 130 }, (_, i) => i + 1));
});

test("a crash at any point of the ack check loses no report: it reports before it records that", async () => {
  const open = async () => {
    const { harness, subject, room } = begin();
    await harness.push(room);
    await AckingPage.open(harness, { subject });
    return { harness, ...unreadCheck(harness) };
  };
  const counted = await open();
  const calls = await countCalls(counted.harness, counted.work);
  expect(reportedSeqs(counted.harness)).toEqual([1]);
  for (let call = 1; call <= calls; call += 1) {
    for (const moment of moments) {
      const { harness, work, again } = await open();
      await crash(harness, work, { call, moment });
      again();
      await harness.pass(600_000);
      expect(reportedSeqs(harness), `${moment} call ${call} of ${calls}`).toContain(1);
    }
  }
});

test("a crash at any point of a page's connect loses no report: the ack check is scheduled before the cursor is written", async () => {
  const open = async () => {
    const { harness, subject, room } = begin();
    await harness.push(room);
    return { harness, reader: new AckingPage(harness, { subject }) };
  };
  const counted = await open();
  const calls = await countCalls(counted.harness, () => counted.reader.page.open());
  for (let call = 1; call <= calls; call += 1) {
    for (const moment of moments) {
      const { harness, reader } = await open();
      await crash(harness, () => reader.page.open(), { call, moment });
      await reader.page.open();
      await harness.pass(600_000);
      expect(reportedSeqs(harness), `${moment} call ${call} of ${calls}`).toContain(1);
    }
  }
});

test("a device that has acked and disconnects at any point of the ack check counts: cursors are read after members", async () => {
  const open = async () => {
    const { harness, subject, room } = begin();
    const phone = await AckingPage.open(harness, { subject });
    await harness.push(room);
    await AckingPage.open(harness, { subject });
    await phone.ack();
    return { harness, phone, ...unreadCheck(harness) };
  };
  const counted = await open();
  const calls = await countCalls(counted.harness, counted.work);
  expect(calls).toBeGreaterThan(0);
  for (let call = 1; call <= calls; call += 1) {
    const { harness, phone, work } = await open();
    await interleave(harness, work, call, () => phone.page.close());
    expect(phone.page.connectionState).toBe("closed");
    expect(reportedSeqs(harness), `before call ${call} of ${calls}`).toEqual([]);
  }
});
