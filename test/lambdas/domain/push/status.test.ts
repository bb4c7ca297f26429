import { beforeEach, describe, expect, test } from "vitest";
import { poll } from "../../../../lambdas/domain/login/poll.ts";
import type { PushRecord } from "../../../../lambdas/domain/model/push-record.ts";
import { publish } from "../../../../lambdas/domain/push/publish.ts";
import { pushStatus } from "../../../../lambdas/domain/push/status.ts";
import { waitForAcks } from "../../../../lambdas/domain/push/wait-for-acks.ts";
import { AckingPage } from "../../../support/acking-page.ts";
import { Harness } from "../../../support/harness.ts";
import { openInMemoryTables } from "../../../support/in-memory-tables.ts";
import { sharedTables } from "../../../support/shared-tables.ts";

// The status stays correct when users leave or disconnect.

const tables = sharedTables(openInMemoryTables);

let harness: Harness;
let room = "";
let ann: AckingPage;
let bob: AckingPage;
beforeEach(async () => {
  harness = new Harness(tables.client);
  room = `room-${harness.nextId()}`;
  ann = await AckingPage.open(harness, { publish: ["*"] });
  bob = await AckingPage.open(harness);
  await ann.login(room, "loginWhenever");
  await bob.login(room, "loginWhenever");
  await harness.pass(31_000);
});

const lose = ({ page }: AckingPage) => harness.lost.add(page.connectionId);
async function pushTo(roomId = room): Promise<{ messageId: string; records: PushRecord[] }> {
  const accepted = await harness.push(roomId);
  if ("code" in accepted) throw new Error(accepted.msg);
  return accepted;
}
async function statusOf(messageId: string) {
  const [status] = (await pushStatus(harness.deps, messageId)) ?? [];
  if (!status) throw new Error("there is no status");
  const { acked, ackedBy, waiting, waitingFor } = status;
  expect([acked, waiting]).toEqual([ackedBy.length, waitingFor.length]);
  return { ackedBy: ackedBy.toSorted(), waitingFor: waitingFor.toSorted() };
}
const names = (...readers: AckingPage[]) => readers.map(({ page }) => page.subject).toSorted();

describe("a user that has acked is counted", () => {
  test("after the page was closed", async () => {
    const { messageId } = await pushTo(`@user/${ann.page.subject}`);
    await ann.ack();
    await ann.page.close();
    expect((await statusOf(messageId)).ackedBy).toEqual(names(ann));
  });

  test("after the lease has expired", async () => {
    const pollBy = (session: string | undefined, seq: number | undefined) =>
      poll(
        harness.deps,
        { ...ann.page.claims, requestedAtMs: harness.nowMs },
        {
          ...(session !== undefined && { session }),
          rooms: [
            { roomId: room, type: "loginWhenever", ...(seq !== undefined && { generation: 0, since: { epoch, seq } }) },
          ],
        },
      );
    await ann.page.leave(room);
    const { epoch = "" } = (await harness.deps.rooms.get(room)) ?? {};
    const { session } = await pollBy(undefined, undefined);
    const { messageId } = await pushTo();
    await pollBy(session, 0);
    expect((await statusOf(messageId)).waitingFor).toEqual(names(ann, bob));
    await pollBy(session, 1);
    await harness.pass(91_000);
    expect((await statusOf(messageId)).ackedBy).toEqual(names(ann));
  });

  test("but not for an ack of an older message, or a login after the message", async () => {
    await pushTo();
    await ann.ack();
    lose(ann);
    const { messageId } = await pushTo();
    const late = await AckingPage.open(harness);
    await late.login(room, "loginWhenever");
    await pushTo();
    await late.ack();
    await Promise.all([ann.page.close(), late.page.close()]);
    expect((await statusOf(messageId)).ackedBy).toEqual([]);
  });
});

describe("a user that has not acked", () => {
  test("is waited for after a disconnect, until the message is reported", async () => {
    lose(ann);
    const { messageId } = await pushTo();
    await bob.ack();
    await ann.page.close();
    expect(await statusOf(messageId)).toEqual({ ackedBy: names(bob), waitingFor: names(ann) });
    await harness.pass(70_000);
    expect((await statusOf(messageId)).waitingFor).toEqual(names(ann));
    await harness.pass(60_000);
    expect((await statusOf(messageId)).waitingFor).toEqual([]);
    expect(harness.undelivered).toHaveLength(1);
  });

  test("is not waited for if the message came after the disconnect", async () => {
    lose(ann);
    await pushTo();
    await ann.page.close();
    const { messageId } = await pushTo();
    await bob.ack();
    expect((await statusOf(messageId)).waitingFor).toEqual([]);
  });

  test("is not waited for if the message was reported before the disconnect", async () => {
    lose(ann);
    const { messageId } = await pushTo();
    await bob.ack();
    await harness.pass(100_000);
    const later = await pushTo();
    await ann.page.close();
    expect((await statusOf(messageId)).waitingFor).toEqual([]);
    expect((await statusOf(later.messageId)).waitingFor).toEqual(names(ann, bob));
  });

  test("is not waited for after a leave, or an ack on another device", async () => {
    const tablet = await AckingPage.open(harness, { subject: ann.page.subject });
    await tablet.login(room, "loginWhenever");
    lose(ann);
    lose(bob);
    const { messageId } = await pushTo();
    await tablet.ack();
    await Promise.all([ann.page.close(), bob.page.leave(room)]);
    expect(await statusOf(messageId)).toEqual({ ackedBy: names(ann), waitingFor: [] });
  });

  test("is waited for without any connection, until the message is reported", async () => {
    const { messageId } = await pushTo("@user/nobody");
    expect((await statusOf(messageId)).waitingFor).toEqual(["nobody"]);
    await harness.pass(600_000);
    expect((await statusOf(messageId)).waitingFor).toEqual([]);
    expect(harness.undelivered).toHaveLength(1);
  });

  test("is not waited for if the user is the sender", async () => {
    lose(ann);
    lose(bob);
    const toUser = bob.page.subject;
    const frame = { action: "publish", eventName: "chat", rawData: "1", clientMessageId: "c-1" } as const;
    await publish(harness.deps, ann.page.caller, { ...frame, toUser });
    const rooms = await pushStatus(harness.deps, `${ann.page.subject}/c-1`);
    const waited = rooms?.map(({ roomId, waitingFor }) => [roomId, waitingFor]);
    expect(Object.fromEntries(waited ?? [])).toEqual({
      // The conversation has no members. It has the name that users know.
      [`${names(ann, bob).join("_")}`]: [],
      [`@user/${ann.page.subject}`]: [],
      [`@user/${toUser}`]: [toUser],
    });
  });
});

// A message was reported when a device's redeliveries were exhausted, and again by an ack check after its disconnect.
test("a message that was reported for an exhausted device is not reported again after its disconnect", async () => {
  const own = `@user/${ann.page.subject}`;
  lose(ann);
  const { messageId } = await pushTo(own);
  await harness.pass(100_000);
  await ann.page.close();
  expect((await statusOf(messageId)).waitingFor).toEqual([]);
  await pushTo(own);
  await harness.pass(600_000);
  expect(harness.undelivered.map(({ seq }) => seq)).toEqual([1, 2]);
});

test("the count of a wait for acks never decreases, however users leave", async () => {
  const { records } = await pushTo();
  let waits = 0;
  const wait = async (ms: number) => {
    harness.nowMs += ms;
    waits += 1;
    if (waits === 1) await ann.ack();
    if (waits !== 2) return;
    // The user joins again, twice: only the last resume point is stored.
    for (let page = 1; page <= 2; page += 1) {
      await ann.page.close();
      ann = await AckingPage.open(harness, { subject: ann.page.subject });
      await ann.login(room, "loginWhenever");
      await pushTo();
      await ann.ack();
    }
    await ann.page.close();
    await bob.ack();
  };
  const outcome = await waitForAcks({ ...harness.deps, wait }, records, { acks: 2, withinMs: 10_000 });
  expect(outcome).toEqual({ reached: true, acks: 2 });
});
