import { beforeEach, describe, expect, test } from "vitest";
import { pushStatus } from "../../../../lambdas/domain/push/status.ts";
import { AckingPage } from "../../../support/acking-page.ts";
import { Harness } from "../../../support/harness.ts";
import { openInMemoryTables } from "../../../support/in-memory-tables.ts";
import { sharedTables } from "../../../support/shared-tables.ts";
import { inPagesOf } from "../../../support/tables.ts";

const tables = sharedTables(openInMemoryTables);

const without = (reader: AckingPage) => ({ exclude: [reader.page.subject] });
const seenBy = (reader: AckingPage, room: string) => reader.dataOf(room).filter((data) => data !== null);
const clear = async (harness: Harness, ...readers: AckingPage[]) => {
  for (let hop = 0; hop < 4; hop += 1) {
    await harness.pass(6_000);
    for (const reader of readers) {
      await reader.fill();
      await reader.ack();
    }
  }
};

describe.each([
  { size: "small", client: () => tables.client },
  { size: "large", client: () => inPagesOf(1, tables.client) },
])("a push that excludes a user of a $size room", ({ client }) => {
  let harness: Harness;
  let room = "";
  let ann: AckingPage;
  let bob: AckingPage;
  beforeEach(async () => {
    harness = new Harness(client());
    room = `room-${harness.nextId()}`;
    [ann, bob] = [await AckingPage.open(harness), await AckingPage.open(harness)];
    await ann.login(room, "loginWhenever");
    await bob.login(room, "loginWhenever");
  });

  test("reaches the others, and the next message reaches all without a gap", async () => {
    await harness.push(room, '"moved"', without(ann));
    await harness.push(room, '"next"');
    await harness.pass(0);
    expect(seenBy(ann, room)).toEqual(["next"]);
    expect(seenBy(bob, room)).toEqual(["moved", "next"]);
    expect(ann.since(room)).toMatchObject({ seq: 2 });
  });

  test("does not reach the user later by a replay, a login, a redelivery or a history", async () => {
    harness.lost.add(ann.page.connectionId);
    await harness.push(room, '"moved"', without(ann));
    await harness.push(room, '"next"');
    await harness.pass(0);
    harness.lost.clear();
    await clear(harness, ann, bob);
    expect(seenBy(ann, room)).toEqual(["next"]);

    await ann.page.close({ isReported: false });
    await ann.page.open();
    expect(seenBy(ann, room)).toEqual(["next"]);
    const retries = await AckingPage.open(harness, { subject: ann.page.subject });
    await retries.page.login(room, "loginWhenever", { history: 10 });
    expect(seenBy(retries, room)).toEqual(["next"]);
  });

  test("is not reported as undelivered to the user, and does not count the user as acked", async () => {
    harness.lost.add(ann.page.connectionId);
    const pushed = await harness.push(room, '"moved"', without(ann));
    await harness.pass(0);
    await bob.ack();
    await clear(harness, bob);
    expect(harness.undelivered).toEqual([]);
    const [status] = (await pushStatus(harness.deps, "messageId" in pushed ? pushed.messageId : "")) ?? [];
    expect(status).toMatchObject({ ackedBy: [bob.page.subject], waitingFor: [] });
  });

  test.each([0, 1] as const)("at qos %i counts the others as sent", async (qos) => {
    const pushed = await harness.push(room, '"moved"', { ...without(ann), qos, messageId: `m-${room}` });
    await harness.pass(0);
    const [record] = "records" in pushed ? pushed.records : [];
    const [status] = (await pushStatus(harness.deps, `m-${room}`)) ?? [];
    // In a small room the outcomes are known at once; at qos 0 they are not recorded.
    expect(record?.outcomes ?? status?.outcomes).toMatchObject({ members: 1, sent: 1 });
  });

  test("at qos 0 posts nothing to the user", async () => {
    const before = ann.page.inbox.length;
    await harness.push(room, '"moved"', { ...without(ann), qos: 0 });
    await harness.pass(0);
    expect(ann.page.inbox).toHaveLength(before);
    expect(seenBy(bob, room)).toEqual(["moved"]);
  });
});

test("each of several coalesced messages keeps its own exclusions", async () => {
  const harness = new Harness(inPagesOf(1, tables.client));
  const room = `room-${harness.nextId()}`;
  const [ann, bob] = [await AckingPage.open(harness), await AckingPage.open(harness)];
  for (const reader of [ann, bob]) await reader.login(room, "loginWhenever");
  await harness.push(room, "1");
  await harness.push(room, "2", without(ann));
  await harness.push(room, "3", without(bob));
  await harness.pass(0);
  expect(seenBy(ann, room)).toEqual([1, 3]);
  expect(seenBy(bob, room)).toEqual([1, 2]);
});
