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
  // Nobody is coming in any more, who could have been overlooked.
  await harness.pass(31_000);
});

const lose = (...readers: AckingPage[]) => {
  for (const { page } of readers) harness.lost.add(page.connectionId);
};
const reported = () => harness.undelivered.map(({ subject, roomId, seq }) => [subject, roomId, seq]);

describe("one report for each person and message", () => {
  // Each device that did not ack was reported: the person got two SMS.
  test("whose two devices in a room do not ack", async () => {
    lose(ann, tablet);
    await harness.push(room);
    await bob.ack();
    await harness.pass(600_000);
    expect(reported()).toEqual([[ann.page.subject, room, 1]]);
  });

  test("whose two devices do not ack what was sent to the person", async () => {
    lose(ann, tablet);
    await harness.push(`@user/${ann.page.subject}`);
    await harness.pass(600_000);
    expect(reported()).toEqual([[ann.page.subject, `@user/${ann.page.subject}`, 1]]);
  });

  test("whose devices are given up by different looks", async () => {
    lose(ann, tablet);
    await harness.push(room);
    await bob.ack();
    // The tablet was tried a second time before its turn.
    await harness.pass(6_000);
    const { deps } = harness;
    const place = await deps.members.get(room, tablet.page.session);
    if (place) await deps.members.recordRedelivery(room, { ...place, redeliveries: 2, redeliveredAtMs: harness.nowMs });
    await harness.pass(600_000);
    expect(reported()).toEqual([[ann.page.subject, room, 1]]);
  });

  test("but one for each message, and for each person", async () => {
    lose(ann, tablet, bob);
    await harness.push(room);
    await harness.push(room);
    await harness.pass(600_000);
    const of = ({ page }: AckingPage) => [1, 2].map((seq) => [page.subject, room, seq]);
    expect(reported().toSorted()).toEqual([...of(ann), ...of(bob)].toSorted());
  });
});

describe("none", () => {
  // Where a look had no time for all, a device that is still being sent the message may be among the others.
  test("of who is gone by a look that saw only some of the room", async () => {
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

  test("for who has it on another device that was closed since, in a room too", async () => {
    lose(tablet);
    await harness.push(room);
    await Promise.all([ann.ack(), bob.ack()]);
    await ann.page.close();
    await harness.pass(600_000);
    expect(reported()).toEqual([]);
  });

  test.each(["a room", "a person"])("for who sent it to %s and did not hear of it", async (to) => {
    lose(ann, tablet, bob);
    const target = to === "a room" ? { roomId: room } : { toUser: bob.page.subject };
    await publish(harness.deps, ann.page.caller, {
      ...{ action: "publish", eventName: "chat", rawData: "1", clientMessageId: "c-1", ...target },
    });
    await harness.pass(600_000);
    expect(reported()).toEqual([[bob.page.subject, target.roomId ?? `@user/${bob.page.subject}`, 1]]);
  });

  test("for who sent it to a person and has closed", async () => {
    await publish(harness.deps, ann.page.caller, {
      ...{ action: "publish", eventName: "chat", rawData: "1", clientMessageId: "c-1", toUser: bob.page.subject },
    });
    await bob.ack();
    await Promise.all([ann.page.close(), tablet.page.close()]);
    await harness.pass(600_000);
    expect(reported()).toEqual([]);
  });
});
