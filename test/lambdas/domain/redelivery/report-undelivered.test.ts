import { beforeEach, describe, expect, test } from "vitest";
import { publish } from "../../../../lambdas/domain/push/publish.ts";
import { runAckCheck } from "../../../../lambdas/domain/redelivery/run-ack-check.ts";
import { AckingPage } from "../../../support/acking-page.ts";
import { Harness } from "../../../support/harness.ts";
import { openInMemoryTables } from "../../../support/in-memory-tables.ts";
import { sharedTables } from "../../../support/shared-tables.ts";

const tables = sharedTables(openInMemoryTables);

let harness: Harness;
let room = "";
let ann: AckingPage;
let tablet: AckingPage;
let bob: AckingPage;
beforeEach(async () => {
  harness = new Harness(tables.client);
  room = `room-${harness.nextId()}`;
  ann = await AckingPage.open(harness, { publish: ["*"] });
  tablet = await AckingPage.open(harness, { subject: ann.page.subject });
  bob = await AckingPage.open(harness);
  for (const reader of [ann, tablet, bob]) await reader.login(room, "loginWhenever");
  // The leases of the logins have expired: no login is pending.
  await harness.pass(31_000);
});

const lose = (...readers: AckingPage[]) => {
  for (const { page } of readers) harness.lost.add(page.connectionId);
};
const reported = () => harness.undelivered.map(({ subject, roomId, seq }) => [subject, roomId, seq]);

describe("a message is reported once per user", () => {
  // One report per device would be two SMS to the same user.
  test("with two devices in a room that do not acknowledge", async () => {
    lose(ann, tablet);
    await harness.push(room);
    await bob.ack();
    await harness.pass(600_000);
    expect(reported()).toEqual([[ann.page.subject, room, 1]]);
  });

  test("with two devices that do not acknowledge a message to the user", async () => {
    lose(ann, tablet);
    await harness.push(`@user/${ann.page.subject}`);
    await harness.pass(600_000);
    expect(reported()).toEqual([[ann.page.subject, `@user/${ann.page.subject}`, 1]]);
  });

  test("whose devices are exhausted by different ack checks", async () => {
    lose(ann, tablet);
    await harness.push(room);
    await bob.ack();
    // The tablet is one redelivery ahead.
    await harness.pass(6_000);
    const { deps } = harness;
    const tabletRow = await deps.members.get(room, tablet.page.session);
    if (tabletRow)
      await deps.members.recordRedelivery(room, { ...tabletRow, redeliveries: 2, redeliveredAtMs: harness.nowMs });
    await harness.pass(600_000);
    expect(reported()).toEqual([[ann.page.subject, room, 1]]);
  });

  test("and each message of each user is reported", async () => {
    lose(ann, tablet, bob);
    await harness.push(room);
    await harness.push(room);
    await harness.pass(600_000);
    const of = ({ page }: AckingPage) => [1, 2].map((seq) => [page.subject, room, seq]);
    expect(reported().toSorted()).toEqual([...of(ann), ...of(bob)].toSorted());
  });
});

describe("no report", () => {
  // Another device, among the members that this check does not read, may still be redelivered to.
  test("of a departed session by an ack check that has read only some of the members", async () => {
    lose(ann, tablet);
    await harness.push(room);
    await bob.ack();
    await ann.page.close();
    harness.lost.clear();
    harness.nowMs += 76_000;
    const continuation = { after: tablet.page.session };
    await runAckCheck(harness.ackCheckDeps, { kind: "room", roomId: room, hop: 5, continuation });
    expect(reported()).toEqual([]);
    await harness.pass(10_000);
    await tablet.ack();
    await harness.pass(600_000);
    expect(reported()).toEqual([]);
  });

  test("for a user that has the message on another device that was closed since", async () => {
    lose(tablet);
    await harness.push(room);
    await Promise.all([ann.ack(), bob.ack()]);
    await ann.page.close();
    await harness.pass(600_000);
    expect(reported()).toEqual([]);
  });

  test.each(["a room", "a user"])("for the sender of a message to %s that did not receive it", async (to) => {
    lose(ann, tablet, bob);
    const target = to === "a room" ? { roomId: room } : { toUser: bob.page.subject };
    await publish(harness.deps, ann.page.caller, {
      ...{ action: "publish", eventName: "chat", rawData: "1", clientMessageId: "c-1", ...target },
    });
    await harness.pass(600_000);
    expect(reported()).toEqual([[bob.page.subject, target.roomId ?? `@user/${bob.page.subject}`, 1]]);
  });

  test("for the sender of a message to a user that has closed", async () => {
    await publish(harness.deps, ann.page.caller, {
      ...{ action: "publish", eventName: "chat", rawData: "1", clientMessageId: "c-1", toUser: bob.page.subject },
    });
    await bob.ack();
    await Promise.all([ann.page.close(), tablet.page.close()]);
    await harness.pass(600_000);
    expect(reported()).toEqual([]);
  });
});
