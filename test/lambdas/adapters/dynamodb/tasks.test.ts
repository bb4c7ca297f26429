import { beforeEach, describe, expect, test } from "vitest";
import { tableOf } from "../../../../lambdas/adapters/dynamodb/table.ts";
import { tasksIn } from "../../../../lambdas/adapters/dynamodb/tasks.ts";
import type { FanOutTask } from "../../../../lambdas/domain/model/fan-out-task.ts";
import { openInMemoryTables } from "../../../support/in-memory-tables.ts";
import { sharedTables } from "../../../support/shared-tables.ts";
import { rowsOf } from "../../../support/tables.ts";

const tables = sharedTables(openInMemoryTables);

const startMs = 1_700_000_000_000;
const dayMs = 86_400_000;
const leaseMs = 45_000;
let nowMs = startMs;
let count = 0;
let task: FanOutTask;
beforeEach(() => {
  nowMs = startMs;
  count += 1;
  task = { roomId: "a#b", messageId: `m-${count}`, text: "{}", taskId: "0/2", to: { index: 0, of: 2 }, hop: 0 };
});

const tasks = () => tasksIn(tableOf(tables.client, "Rooms"), () => nowMs);
const acquire = (worker: string, of = task) => tasks().acquire(of, worker, nowMs + leaseMs);
const none = { members: 0, sent: 0, gone: 0, slow: 0, failed: 0, unknown: 0, waiting: 0 };
const some = { ...none, members: 3, sent: 2, gone: 1 };
const rowsNow = async () =>
  (await rowsOf(tables.client, "Rooms")).filter(({ roomId }) => roomId === `@message/${task.messageId}`);

describe("a task", () => {
  test("is taken by the first who asks, and nothing is done of it", async () => {
    expect(await acquire("w1")).toEqual({ outcomes: none, leaseExpiresAtMs: startMs + leaseMs });
  });

  test("is taken by exactly one of many at once", async () => {
    const taken = await Promise.all(Array.from({ length: 12 }, (_, i) => acquire(`w${i}`)));
    expect(taken.filter((each) => each === "taken")).toHaveLength(11);
  });

  test("is taken again by exactly one of many when its worker has died", async () => {
    await acquire("w0");
    nowMs += leaseMs + 1;
    const taken = await Promise.all(Array.from({ length: 12 }, (_, i) => acquire(`w${i + 1}`)));
    expect(taken.filter((each) => each === "taken")).toHaveLength(11);
  });

  test("is its worker's to the last moment of the time that it said", async () => {
    await acquire("w1");
    nowMs += leaseMs;
    expect(await acquire("w2")).toBe("taken");
    nowMs += 1;
    expect(await acquire("w2")).toEqual({ outcomes: none, leaseExpiresAtMs: nowMs + leaseMs });
  });

  test("is another one of another part, of another room and of another message", async () => {
    await acquire("w1");
    for (const other of [{ taskId: "1/2" }, { roomId: "a" }, { messageId: `${task.messageId}-b` }]) {
      expect(await acquire("w2", { ...task, ...other })).toMatchObject({ outcomes: none });
    }
  });
});

describe("what is noted", () => {
  test("is what the next one finds, who begins behind it", async () => {
    await acquire("w1");
    expect(await tasks().record(task, "w1", { after: "s-7", outcomes: some })).toBe("recorded");
    expect(await acquire("w2")).toEqual({ after: "s-7", outcomes: some, leaseExpiresAtMs: startMs + leaseMs });
  });

  test("with an end leaves the task its worker's", async () => {
    await acquire("w1");
    await tasks().record(task, "w1", { after: "s-7", outcomes: some, leaseExpiresAtMs: startMs + leaseMs });
    expect(await acquire("w2")).toBe("taken");
    expect(await tasks().record(task, "w1", { after: "s-8", outcomes: some })).toBe("recorded");
    expect(await acquire("w2")).toMatchObject({ after: "s-8" });
  });

  test("without a session leaves the one of before", async () => {
    await acquire("w1");
    await tasks().record(task, "w1", { after: "s-7", outcomes: some });
    await acquire("w2");
    await tasks().record(task, "w2", { outcomes: some });
    expect(await acquire("w3")).toMatchObject({ after: "s-7" });
  });

  test("by whoever has lost the task is not kept", async () => {
    await acquire("w1");
    nowMs += leaseMs + 1;
    await acquire("w2");
    expect(await tasks().record(task, "w1", { after: "z", outcomes: some, doneAtMs: nowMs })).toBe("lost");
    expect(await tasks().record(task, "w2", { outcomes: none })).toBe("recorded");
    expect(await acquire("w3")).toEqual({ outcomes: none, leaseExpiresAtMs: nowMs + leaseMs });
  });

  test("of a task that nobody has taken makes no row", async () => {
    expect(await tasks().record(task, "w1", { outcomes: some, doneAtMs: nowMs })).toBe("lost");
    expect(await rowsNow()).toEqual([]);
  });

  test("by whoever has handed the task on is not kept either", async () => {
    await acquire("w1");
    await tasks().record(task, "w1", { after: "s-7", outcomes: some });
    expect(await tasks().record(task, "w1", { after: "s-1", outcomes: none })).toBe("lost");
    expect(await acquire("w2")).toMatchObject({ after: "s-7" });
  });
});

describe("a task that is done", () => {
  const finish = async () => {
    await acquire("w1");
    await tasks().record(task, "w1", { after: "s-9", outcomes: some, doneAtMs: nowMs });
  };

  test("stays done, however often and whenever it is ordered within a day", async () => {
    await finish();
    expect(await acquire("w2")).toBe("done");
    nowMs = startMs + dayMs - 1_000;
    expect(await acquire("w3")).toBe("done");
  });

  // Rows stay for days behind their time. The same messageId is another message after a day; it went to nobody.
  test("a day ago says nothing about the same one today", async () => {
    await finish();
    nowMs = startMs + dayMs;
    expect(await acquire("w2")).toEqual({ outcomes: none, leaseExpiresAtMs: nowMs + leaseMs });
    expect(await acquire("w3")).toBe("taken");
    expect(await rowsNow()).toMatchObject([{ expiresAt: (nowMs + dayMs) / 1000 }]);
  });
});
