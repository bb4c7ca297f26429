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
const placeOf = ({ records }: { records: PushRecord[] }) => records.map(({ epoch, seq }) => ({ epoch, seq }));
const logOf = async () => (await rowsOf(tables.client, "Messages")).filter((row) => row.roomId === room && row.data);

describe("a messageId", () => {
  test("that comes twice is one message with the same answer", async () => {
    const first = await pushed({ messageId });
    const second = await pushed({ messageId });
    expect([second.messageId, placeOf(second)]).toEqual([messageId, placeOf(first)]);
    await pushed({}, "3");
    await ann.fill();
    harness.nowMs += 2_000;
    await ann.fill();
    expect(ann.dataOf(room)).toEqual([1, 3]);
    expect(await logOf()).toHaveLength(2);
  });

  test("that comes many times at once is one message with the same answer", async () => {
    const answers = await Promise.all(Array.from({ length: 8 }, () => pushed({ messageId })));
    expect(new Set(answers.map((answer) => JSON.stringify(placeOf(answer)))).size).toBe(1);
    expect(await logOf()).toHaveLength(1);
    harness.nowMs += 2_000;
    await ann.fill();
    expect(ann.dataOf(room)).toEqual([1]);
  });

  test("that names its rooms in another order is the same message, in all of them", async () => {
    const rooms = [room, `${room}-a`, `${room}-z`];
    const first = await pushed({ messageId, rooms });
    const second = await pushed({ messageId, rooms: rooms.toReversed() });
    expect(placeOf(second)).toEqual(placeOf(first).toReversed());
    const status = await pushStatus(harness.deps, messageId);
    expect(status?.map(({ roomId }) => roomId).toSorted()).toEqual(rooms.toSorted());
  });

  test("may stand for another message after a day", async () => {
    await pushed({ messageId });
    harness.nowMs += 86_401_000;
    expect(placeOf(await pushed({ messageId }, "2"))).toMatchObject([{ seq: 2 }]);
  });
});

// It was answered 0000 and dropped, or became a second message.
describe("a messageId that was used for another message", () => {
  const used = () => ({ code: "messageIdUsed", msg: `messageId ${messageId} was used for another message` });

  test.each<[string, Partial<PushRequest>, string]>([
    ["other data", {}, "2"],
    ["another event", { eventName: "other" }, "1"],
    ["another qos", { qos: 0 }, "1"],
    ["another room", { rooms: ["elsewhere"] }, "1"],
    ["a room more", { rooms: ["elsewhere", "456"] }, "1"],
  ])("is refused with %s, and nothing of that is kept or sent", async (_, more, data) => {
    await pushed({ messageId, rooms: [room] });
    const rooms = (more.rooms ?? [room]).map((roomId) => (roomId === "456" ? room : `${room}-${roomId}`));
    const [other = ""] = rooms.filter((roomId) => roomId !== room);
    if (other) await ann.login(other, "loginWhenever");
    expect(await harness.push(room, data, { messageId, ...more, rooms: more.rooms ? rooms : [room] })).toEqual(used());
    // Its number is given up: nobody waits for it.
    await pushed({}, "3");
    await ann.fill();
    expect([ann.dataOf(room), ann.dataOf(other)]).toEqual([[1, 3], []]);
    expect((await pushStatus(harness.deps, messageId))?.map(({ roomId }) => roomId)).toEqual([room]);
    expect(await pushed({ messageId, rooms: [room] })).toMatchObject({ records: [{ seq: 1 }] });
  });

  test.each([
    ["data", () => ({}), (i: number) => `${i}`],
    ["rooms", (i: number) => ({ rooms: [`${room}-${i}`] }), () => "1"],
  ])("by several with different %s at once is one message's", async (_, more, data) => {
    const pushes = Array.from({ length: 6 }, (_, i) => harness.push(room, data(i), { messageId, ...more(i) }));
    const answers = await Promise.all(pushes);
    expect(answers.filter((answer) => "code" in answer)).toEqual(Array(5).fill(used()));
    expect(await pushStatus(harness.deps, messageId)).toHaveLength(1);
  });

  test("keeps no room waiting for a first one that could not be written", async () => {
    const restore = intercept(harness.deps.rooms, "nextSeq", (nextSeq) => async (roomId) => {
      if (roomId === room) throw new Error("throttled");
      return nextSeq(roomId);
    });
    const rooms = [room, `${room}-z`];
    await expect(harness.push(room, "1", { messageId, rooms })).rejects.toThrow("throttled");
    restore();
    expect(placeOf(await pushed({ messageId, rooms }))).toMatchObject([{ seq: 1 }, { seq: 1 }]);
  });
});

describe("at qos 0", () => {
  test("nothing is written and no look is ordered; the message has no number", async () => {
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

test("a ttl that is over keeps a message from who comes later, and from redelivery", async () => {
  harness.lost.add(ann.page.connectionId);
  await pushed({ ttlMs: 3_000 });
  harness.lost.clear();
  await harness.pass(100_000);
  expect(ann.dataOf(room)).toEqual([]);
  expect(harness.undelivered).toEqual([]);
});

describe("what became of a push", () => {
  const statusOf = async (messageId: string) => (await pushStatus(harness.deps, messageId))?.[0];

  test("is unknown for an id that never was, and after a day", async () => {
    expect(await pushStatus(harness.deps, "never")).toBeUndefined();
    const { messageId } = await pushed();
    harness.nowMs += 86_401_000;
    expect(await pushStatus(harness.deps, messageId)).toBeUndefined();
  });

  test("says who was posted to, who has acked and who has not", async () => {
    harness.outcomes.set(bob.page.connectionId, "unknown");
    const { messageId } = await pushed();
    await ann.ack();
    expect(await statusOf(messageId)).toEqual({
      ...{ roomId: room, logged: true, done: true },
      outcomes: { members: 2, sent: 1, gone: 0, slow: 0, failed: 0, unknown: 1, waiting: 0 },
      ...{ acked: 1, ackedBy: [ann.page.subject], waiting: 1, waitingFor: [bob.page.subject] },
    });
  });

  test("counts a person once, who has it on one device", async () => {
    await AckingPage.open(harness, { subject: ann.page.subject });
    const { messageId } = await pushed({}, "1", `@user/${ann.page.subject}`);
    await ann.ack();
    expect(await statusOf(messageId)).toMatchObject({ acked: 1, waiting: 0 });
    await ann.page.close();
    expect(await statusOf(messageId)).toMatchObject({ ackedBy: [ann.page.subject] });
  });

  test("does not count those who do not ack", async () => {
    const old = await harness.connect();
    await old.login(room, "loginWhenever");
    const { messageId } = await pushed();
    expect(await statusOf(messageId)).toMatchObject({ acked: 0, waiting: 2 });
  });

  test("does not count those who came in behind it", async () => {
    const { messageId } = await pushed();
    const { page } = await AckingPage.open(harness);
    await page.login(room, "loginWhenever");
    expect(await statusOf(messageId)).toMatchObject({ acked: 0, waiting: 2 });
    await page.close();
    await ann.ack();
    await page.open();
    expect(await statusOf(messageId)).toMatchObject({ ackedBy: [ann.page.subject] });
  });

  test("counts those who came back and caught up", async () => {
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

  test("ends as soon as so many have acked", async () => {
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

  test("ends when the time is over, and says how many have", async () => {
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
  /** A thousand pages of one member each who has acked; each takes its time. */
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

  test("is read no further than until so many have acked", async () => {
    const { records } = await message();
    expect(await waitForAcks(slowly(), records, { acks: 2, withinMs: 20_000 })).toEqual({ reached: true, acks: 2 });
    expect(pagesRead).toBe(2);
  });

  test("is read no longer than the time that one waits", async () => {
    const { records } = await message();
    expect(await waitForAcks(slowly(), records, { acks: 9, withinMs: 20_000 })).toEqual({ reached: false, acks: 3 });
    expect(pagesRead).toBe(3);
  });

  test("is told of as far as 20 s go, and that it is not all", async () => {
    const { messageId } = await message();
    expect(await pushStatus(slowly(), messageId)).toMatchObject([
      { roomId: room, acked: 3, waiting: 0, partial: true },
    ]);
    expect(pagesRead).toBe(3);
  });
});
