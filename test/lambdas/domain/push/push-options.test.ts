import { beforeEach, describe, expect, test } from "vitest";
import type { Member } from "../../../../lambdas/domain/model/member.ts";
import type { PushRecord } from "../../../../lambdas/domain/model/push-record.ts";
import { pushStatus } from "../../../../lambdas/domain/push/status.ts";
import { waitForAcks } from "../../../../lambdas/domain/push/wait-for-acks.ts";
import type { PushRequest } from "../../../../protocol/push.ts";
import { AckingPage } from "../../../support/acking-page.ts";
import { Harness } from "../../../support/harness.ts";
import { openInMemoryTables } from "../../../support/in-memory-tables.ts";
import { intercept } from "../../../support/intercept.ts";
import { sharedTables } from "../../../support/shared-tables.ts";
import { rowsOf } from "../../../support/tables.ts";

const tables = sharedTables(openInMemoryTables);

let harness: Harness;
let room = "";
let messageId = "";
let ann: AckingPage;
let bob: AckingPage;
beforeEach(async () => {
  harness = new Harness(tables.client);
  room = `room-${harness.nextId()}`;
  messageId = `m-${room}`;
  [ann, bob] = [await AckingPage.open(harness), await AckingPage.open(harness)];
  await ann.login(room, "loginWhenever");
  await bob.login(room, "loginWhenever");
});

const pushed = async (more: Parameters<Harness["push"]>[2] = {}, data = "1", roomId = room) => {
  const accepted = await harness.push(roomId, data, more);
  if ("code" in accepted) throw new Error(accepted.msg);
  return accepted;
};
const positionOf = ({ records }: { records: PushRecord[] }) => records.map(({ epoch, seq }) => ({ epoch, seq }));
const logOf = async () => (await rowsOf(tables.client, "Messages")).filter((row) => row.roomId === room && row.data);

describe("a messageId", () => {
  test("twice is one message with the same answer", async () => {
    const first = await pushed({ messageId });
    const second = await pushed({ messageId });
    expect([second.messageId, positionOf(second)]).toEqual([messageId, positionOf(first)]);
    await pushed({}, "3");
    await ann.fill();
    harness.nowMs += 2_000;
    await ann.fill();
    expect(ann.dataOf(room)).toEqual([1, 3]);
    expect(await logOf()).toHaveLength(2);
  });

  test("many times concurrently is one message with the same answer", async () => {
    const answers = await Promise.all(Array.from({ length: 8 }, () => pushed({ messageId })));
    expect(new Set(answers.map((answer) => JSON.stringify(positionOf(answer)))).size).toBe(1);
    expect(await logOf()).toHaveLength(1);
    harness.nowMs += 2_000;
    await ann.fill();
    expect(ann.dataOf(room)).toEqual([1]);
  });

  test("with its rooms in another order is the same message, in all of them", async () => {
    const rooms = [room, `${room}-a`, `${room}-z`];
    const first = await pushed({ messageId, rooms });
    const second = await pushed({ messageId, rooms: rooms.toReversed() });
    expect(positionOf(second)).toEqual(positionOf(first).toReversed());
    const status = await pushStatus(harness.deps, messageId);
    expect(status?.map(({ roomId }) => roomId).toSorted()).toEqual(rooms.toSorted());
  });

  test("may be used for another message after a day", async () => {
    await pushed({ messageId });
    harness.nowMs += 86_401_000;
    expect(positionOf(await pushed({ messageId }, "2"))).toMatchObject([{ seq: 2 }]);
  });
});

// The push got 0000 and was dropped, or became a second message.
describe("a messageId of another message", () => {
  const used = () => ({ code: "messageIdUsed", msg: `messageId ${messageId} was used for another message` });

  test.each<[string, Partial<PushRequest>, string]>([
    ["other data", {}, "2"],
    ["another event", { eventName: "other" }, "1"],
    ["another qos", { qos: 0 }, "1"],
    ["another room", { rooms: ["elsewhere"] }, "1"],
    ["an additional room", { rooms: ["elsewhere", "456"] }, "1"],
  ])("is refused with %s, and nothing is logged or sent", async (_, more, data) => {
    await pushed({ messageId, rooms: [room] });
    const rooms = (more.rooms ?? [room]).map((roomId) => (roomId === "456" ? room : `${room}-${roomId}`));
    const [other = ""] = rooms.filter((roomId) => roomId !== room);
    if (other) await ann.login(other, "loginWhenever");
    expect(await harness.push(room, data, { messageId, ...more, rooms: more.rooms ? rooms : [room] })).toEqual(used());
    // Its number is a tombstone: readers do not wait for it.
    await pushed({}, "3");
    await ann.fill();
    expect([ann.dataOf(room), ann.dataOf(other)]).toEqual([[1, 3], []]);
    expect((await pushStatus(harness.deps, messageId))?.map(({ roomId }) => roomId)).toEqual([room]);
    expect(await pushed({ messageId, rooms: [room] })).toMatchObject({ records: [{ seq: 1 }] });
  });

  test.each([
    ["data", () => ({}), (i: number) => `${i}`],
    ["rooms", (i: number) => ({ rooms: [`${room}-${i}`] }), () => "1"],
  ])("of concurrent pushes with different %s is accepted for one of them", async (_, more, data) => {
    const pushes = Array.from({ length: 6 }, (_, i) => harness.push(room, data(i), { messageId, ...more(i) }));
    const answers = await Promise.all(pushes);
    expect(answers.filter((answer) => "code" in answer)).toEqual(Array(5).fill(used()));
    expect(await pushStatus(harness.deps, messageId)).toHaveLength(1);
  });

  test("does not delay the other rooms of a push whose first room could not be written", async () => {
    const restore = intercept(harness.deps.rooms, "nextSeq", (nextSeq) => async (roomId) => {
      if (roomId === room) throw new Error("throttled");
      return nextSeq(roomId);
    });
    const rooms = [room, `${room}-z`];
    await expect(harness.push(room, "1", { messageId, rooms })).rejects.toThrow("throttled");
    restore();
    expect(positionOf(await pushed({ messageId, rooms }))).toMatchObject([{ seq: 1 }, { seq: 1 }]);
  });
});

describe("at qos 0", () => {
  test("nothing is written, no ack check is scheduled, and the message has no number", async () => {
    const all = () => Promise.all(["Connections", "Rooms", "Messages"].map((name) => rowsOf(tables.client, name)));
    const before = await all();
    const { records } = await pushed({ qos: 0 });
    expect(records).toMatchObject([{ roomId: room, done: true, outcomes: { members: 2, sent: 2 } }]);
    expect(await all()).toEqual(before);
    expect(harness.checks).toEqual([]);
    expect(ann.page.inbox.at(-1)).toMatchObject({ type: "message", qos: 0 });
    expect(ann.page.inbox.at(-1)).not.toHaveProperty("seq");
  });

  test("a messageId still makes it one message", async () => {
    await pushed({ qos: 0, messageId });
    await pushed({ qos: 0, messageId });
    expect(ann.page.messages()).toEqual([1]);
  });
});

test("a message whose ttl has ended is not in later logins and not redelivered", async () => {
  harness.lost.add(ann.page.connectionId);
  await pushed({ ttlMs: 3_000 });
  harness.lost.clear();
  await harness.pass(100_000);
  expect(ann.dataOf(room)).toEqual([]);
  expect(harness.undelivered).toEqual([]);
});

describe("the status of a push", () => {
  const statusOf = async (messageId: string) => (await pushStatus(harness.deps, messageId))?.[0];

  test("is unknown for an unknown id, and after a day", async () => {
    expect(await pushStatus(harness.deps, "never")).toBeUndefined();
    const { messageId } = await pushed();
    harness.nowMs += 86_401_000;
    expect(await pushStatus(harness.deps, messageId)).toBeUndefined();
  });

  test("has the outcomes, and the users that have acked and have not", async () => {
    harness.outcomes.set(bob.page.connectionId, "unknown");
    const { messageId } = await pushed();
    await ann.ack();
    expect(await statusOf(messageId)).toEqual({
      ...{ roomId: room, logged: true, done: true },
      outcomes: { members: 2, sent: 1, gone: 0, slow: 0, failed: 0, unknown: 1, waiting: 0 },
      ...{ acked: 1, ackedBy: [ann.page.subject], waiting: 1, waitingFor: [bob.page.subject] },
    });
  });

  test("counts a user once that has acked on one device", async () => {
    await AckingPage.open(harness, { subject: ann.page.subject });
    const { messageId } = await pushed({}, "1", `@user/${ann.page.subject}`);
    await ann.ack();
    expect(await statusOf(messageId)).toMatchObject({ acked: 1, waiting: 0 });
    await ann.page.close();
    expect(await statusOf(messageId)).toMatchObject({ ackedBy: [ann.page.subject] });
  });

  test("does not count members that do not ack", async () => {
    const old = await harness.connect();
    await old.login(room, "loginWhenever");
    const { messageId } = await pushed();
    expect(await statusOf(messageId)).toMatchObject({ acked: 0, waiting: 2 });
  });

  test("does not count members that joined after the message", async () => {
    const { messageId } = await pushed();
    const { page } = await AckingPage.open(harness);
    await page.login(room, "loginWhenever");
    expect(await statusOf(messageId)).toMatchObject({ acked: 0, waiting: 2 });
    await page.close();
    await ann.ack();
    await page.open();
    expect(await statusOf(messageId)).toMatchObject({ ackedBy: [ann.page.subject] });
  });

  test("counts members that have returned and caught up", async () => {
    await bob.page.close();
    const { messageId } = await pushed();
    await bob.page.open();
    expect(await statusOf(messageId)).toMatchObject({ acked: 0 });
    await bob.ack();
    expect(await statusOf(messageId)).toMatchObject({ ackedBy: [bob.page.subject] });
  });
});

describe("waiting for acks", () => {
  const deps = (onWait: () => Promise<void>) => ({
    ...harness.deps,
    wait: async (ms: number) => {
      harness.nowMs += ms;
      await onWait();
    },
  });

  test("ends when enough users have acked", async () => {
    const { records } = await pushed();
    let waits = 0;
    const acking = deps(async () => {
      waits += 1;
      if (waits === 2) await ann.ack();
    });
    const fromMs = harness.nowMs;
    expect(await waitForAcks(acking, records, { acks: 1, withinMs: 10_000 })).toEqual({ reached: true, acks: 1 });
    expect(harness.nowMs - fromMs).toBeLessThan(1_000);
  });

  test("ends when the time is over, with the number of acks", async () => {
    const { records } = await pushed();
    await ann.ack();
    const fromMs = harness.nowMs;
    const quiet = deps(async () => {});
    expect(await waitForAcks(quiet, records, { acks: 2, withinMs: 10_000 })).toEqual({ reached: false, acks: 1 });
    expect(harness.nowMs - fromMs).toBe(10_000);
  });
});

describe("a room that takes long to read", () => {
  const pageMs = 8_000;
  let pagesRead = 0;
  beforeEach(() => {
    pagesRead = 0;
  });
  /** A thousand pages, each with one member that has acked; each takes time to read. */
  const slowly = () => ({
    ...harness.deps,
    members: {
      ...harness.deps.members,
      async *pages() {
        for (; pagesRead < 1_000; ) {
          pagesRead += 1;
          harness.nowMs += pageMs;
          const subject = `subject-${pagesRead}`;
          yield [{ subject, cursor: { epoch, seq: 1 }, startSeq: 0 }] as Member[];
        }
      },
    },
  });
  let epoch = "";
  const message = async () => {
    const { messageId, records } = await pushed({ messageId: room });
    epoch = records[0]?.epoch ?? "";
    return { messageId, records };
  };

  test("is read only until enough users have acked", async () => {
    const { records } = await message();
    expect(await waitForAcks(slowly(), records, { acks: 2, withinMs: 20_000 })).toEqual({ reached: true, acks: 2 });
    expect(pagesRead).toBe(2);
  });

  test("is read only until the time is over", async () => {
    const { records } = await message();
    expect(await waitForAcks(slowly(), records, { acks: 9, withinMs: 20_000 })).toEqual({ reached: false, acks: 3 });
    expect(pagesRead).toBe(3);
  });

  test("has a partial status of what was read in 20 s", async () => {
    const { messageId } = await message();
    expect(await pushStatus(slowly(), messageId)).toMatchObject([
      { roomId: room, acked: 3, waiting: 0, partial: true },
    ]);
    expect(pagesRead).toBe(3);
  });
});
