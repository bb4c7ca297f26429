import { beforeEach, describe, expect, test } from "vitest";
import { pushesIn } from "../../../../lambdas/adapters/dynamodb/pushes.ts";
import { tableOf } from "../../../../lambdas/adapters/dynamodb/table.ts";
import { tasksIn } from "../../../../lambdas/adapters/dynamodb/tasks.ts";
import type { FanOutTask } from "../../../../lambdas/domain/model/fan-out-task.ts";
import type { PushRecord } from "../../../../lambdas/domain/model/push-record.ts";
import { openInMemoryTables } from "../../../support/in-memory-tables.ts";
import { sharedTables } from "../../../support/shared-tables.ts";

const tables = sharedTables(openInMemoryTables);

const startMs = 1_700_000_000_000;
let nowMs = startMs;
let count = 0;
let messageId = "";
beforeEach(() => {
  nowMs = startMs;
  count += 1;
  messageId = `m-${count}`;
});
const now = () => nowMs;
const table = () => tableOf(tables.client, "Rooms");
const pushes = () => pushesIn(table(), now);
const tasks = () => tasksIn(table(), now);
const record = (roomId = "456"): PushRecord => ({ roomId, epoch: "e", seq: 7, atMs: startMs, done: false });
const none = { members: 0, sent: 0, gone: 0, slow: 0, failed: 0, unknown: 0, waiting: 0 };
const part = (index: number, of: number, roomId = "456"): FanOutTask => ({
  ...{ roomId, messageId, text: "{}", taskId: `${index}/${of}`, to: { index, of }, hop: 0 },
});

describe("the books on pushes", () => {
  const numbered = (seq: number, roomId = messageId) => ({ roomId, epoch: "e", seq, atMs: nowMs, done: false });

  test("enter the first, and tell the second of it", async () => {
    expect(await pushes().register(messageId, numbered(1))).toBeUndefined();
    expect(await pushes().register(messageId, numbered(2))).toEqual(numbered(1));
    expect(await pushes().get(messageId)).toEqual([numbered(1)]);
  });

  test("enter one of many at once", async () => {
    const entered = await Promise.all(Array.from({ length: 6 }, (_, i) => pushes().register(messageId, numbered(i))));
    expect(entered.filter((first) => first === undefined)).toHaveLength(1);
  });

  test("are kept for a day", async () => {
    await pushes().register(messageId, numbered(1));
    nowMs += 86_399_000;
    expect(await pushes().register(messageId, numbered(2))).toMatchObject({ seq: 1 });
    nowMs += 1_000;
    expect(await pushes().get(messageId)).toEqual([]);
    expect(await pushes().register(messageId, numbered(3))).toBeUndefined();
  });

  test("give another number only to a push that has the one of before", async () => {
    await pushes().register(messageId, numbered(1));
    await pushes().renumber(messageId, numbered(3), 2);
    expect(await pushes().get(messageId)).toMatchObject([{ seq: 1 }]);
    await pushes().renumber(messageId, numbered(3), 1);
    expect(await pushes().get(messageId)).toMatchObject([{ seq: 3 }]);
  });

  test("enter one that stands for an id under the same key, whatever its room, and know its room", async () => {
    const digest = pushes().digestOf("a");
    expect(digest).toMatch(/^[\w-]{16}$/);
    const first = { ...numbered(1, "456"), digest };
    expect(await pushes().register(messageId, first)).toBeUndefined();
    expect(await pushes().register(messageId, { ...numbered(2, "457"), digest: pushes().digestOf("b") })).toEqual(
      first,
    );
    await pushes().register(messageId, numbered(3, "457"));
    await pushes().renumber(messageId, { ...first, seq: 4 }, 1);
    await pushes().recordParts(messageId, first, 2);
    expect(await pushes().get(messageId)).toEqual([{ ...first, seq: 4, parts: 2 }, numbered(3, "457")]);
    await pushes().forget(messageId, numbered(3, "457"));
    await pushes().finish(messageId, { ...first, done: true });
    expect(await pushes().get(messageId)).toEqual([{ ...first, done: true }]);
  });

  test("hold one record for each room, and how its delivery ended", async () => {
    const outcomes = { members: 1, sent: 1, gone: 0, slow: 0, failed: 0, unknown: 0, waiting: 0 };
    await pushes().register(messageId, numbered(1));
    await pushes().register(messageId, numbered(9, `${messageId}#b`));
    await pushes().finish(messageId, { ...numbered(1), done: true, outcomes });
    expect(await pushes().get(messageId)).toEqual([
      { ...numbered(1), done: true, outcomes },
      numbered(9, `${messageId}#b`),
    ]);
  });
});

describe("dividing a room", () => {
  test("is decided by the first: whoever pushes the same again orders the same parts", async () => {
    expect(await pushes().recordParts(messageId, record(), 5)).toBe(5);
    expect(await pushes().recordParts(messageId, record(), 8)).toBe(5);
    expect(await pushes().get(messageId)).toEqual([{ ...record(), parts: 5 }]);
  });

  test("at the same time is decided by one of them", async () => {
    const divided = await Promise.all(
      Array.from({ length: 12 }, (_, i) => pushes().recordParts(messageId, record(), i + 1)),
    );
    expect(new Set(divided).size).toBe(1);
    expect(await pushes().get(messageId)).toMatchObject([{ parts: divided[0] }]);
  });

  test("leaves a push that was entered before as it is", async () => {
    await pushes().register(messageId, record());
    await pushes().recordParts(messageId, { ...record(), seq: 9, atMs: startMs + 5, done: true }, 5);
    expect(await pushes().get(messageId)).toEqual([{ ...record(), parts: 5 }]);
  });

  test("is each room's own, and of messages without a number too", async () => {
    const unlogged = { roomId: "other", atMs: startMs, done: true };
    await pushes().recordParts(messageId, record(), 5);
    await pushes().recordParts(messageId, unlogged, 2);
    expect(await pushes().get(messageId)).toEqual([
      { ...record(), parts: 5 },
      { ...unlogged, parts: 2 },
    ]);
  });

  test("is forgotten after a day", async () => {
    await pushes().recordParts(messageId, record(), 5);
    nowMs += 86_400_000;
    expect(await pushes().get(messageId)).toEqual([]);
    await pushes().register(messageId, { ...record(), atMs: nowMs });
    expect(await pushes().recordParts(messageId, { ...record(), atMs: nowMs }, 8)).toBe(8);
  });
});

describe("the books on a push", () => {
  test("have with each room what is known of its own parts", async () => {
    // A room's name may be the beginning of another's.
    for (const roomId of ["456", "456#1"]) await pushes().recordParts(messageId, record(roomId), 2);
    await tasks().acquire(part(0, 2), "w", nowMs + 9);
    await tasks().record(part(0, 2), "w", { after: "s", outcomes: { ...none, members: 1, sent: 1 }, doneAtMs: 5 });
    await tasks().acquire(part(1, 2), "w", nowMs + 9);
    await tasks().acquire(part(1, 2, "456#1"), "w", nowMs + 7);
    expect(await pushes().get(messageId)).toEqual([
      {
        ...record(),
        parts: 2,
        tasks: [
          { after: "s", outcomes: { ...none, members: 1, sent: 1 }, doneAtMs: 5, ofPart: true },
          { outcomes: none, leaseExpiresAtMs: nowMs + 9, ofPart: true },
        ],
      },
      { ...record("456#1"), parts: 2, tasks: [{ outcomes: none, leaseExpiresAtMs: nowMs + 7, ofPart: true }] },
    ]);
  });

  test("tell a part from members who are tried again", async () => {
    await pushes().recordParts(messageId, record(), 2);
    const again: FanOutTask = { ...part(0, 2), taskId: "a-b_c", to: { sessions: ["s"] } };
    await tasks().acquire(again, "w", nowMs + 9);
    expect(await pushes().get(messageId)).toMatchObject([{ tasks: [{ ofPart: false }] }]);
  });

  test("forget its tasks with it", async () => {
    await tasks().acquire(part(0, 2), "w", nowMs + 9);
    nowMs += 86_400_000;
    await pushes().register(messageId, { ...record(), atMs: nowMs });
    expect(await pushes().get(messageId)).toEqual([{ ...record(), atMs: nowMs }]);
  });
});
