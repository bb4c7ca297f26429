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
  test("is acquired by the first worker, without progress", async () => {
    expect(await acquire("w1")).toEqual({ outcomes: none, leaseExpiresAtMs: startMs + leaseMs });
  });

  test("is acquired by exactly one of many concurrent workers", async () => {
    const taken = await Promise.all(Array.from({ length: 12 }, (_, i) => acquire(`w${i}`)));
    expect(taken.filter((each) => each === "taken")).toHaveLength(11);
  });

  test("is acquired again by exactly one of many when its worker has died", async () => {
    await acquire("w0");
    nowMs += leaseMs + 1;
    const taken = await Promise.all(Array.from({ length: 12 }, (_, i) => acquire(`w${i + 1}`)));
    expect(taken.filter((each) => each === "taken")).toHaveLength(11);
  });

  test("belongs to its worker until the lease expires", async () => {
    await acquire("w1");
    nowMs += leaseMs;
    expect(await acquire("w2")).toBe("taken");
    nowMs += 1;
    expect(await acquire("w2")).toEqual({ outcomes: none, leaseExpiresAtMs: nowMs + leaseMs });
  });

  test("is separate for each part, room and message", async () => {
    await acquire("w1");
    for (const other of [{ taskId: "1/2" }, { roomId: "a" }, { messageId: `${task.messageId}-b` }]) {
      expect(await acquire("w2", { ...task, ...other })).toMatchObject({ outcomes: none });
    }
  });
});

describe("recorded progress", () => {
  test("is returned to the next worker", async () => {
    await acquire("w1");
    expect(await tasks().record(task, "w1", { after: "s-7", outcomes: some })).toBe("recorded");
    expect(await acquire("w2")).toEqual({ after: "s-7", outcomes: some, leaseExpiresAtMs: startMs + leaseMs });
  });

  test("with a lease leaves the task to its worker", async () => {
    await acquire("w1");
    await tasks().record(task, "w1", { after: "s-7", outcomes: some, leaseExpiresAtMs: startMs + leaseMs });
    expect(await acquire("w2")).toBe("taken");
    expect(await tasks().record(task, "w1", { after: "s-8", outcomes: some })).toBe("recorded");
    expect(await acquire("w2")).toMatchObject({ after: "s-8" });
  });

  test("without a session keeps the previous one", async () => {
    await acquire("w1");
    await tasks().record(task, "w1", { after: "s-7", outcomes: some });
    await acquire("w2");
    await tasks().record(task, "w2", { outcomes: some });
    expect(await acquire("w3")).toMatchObject({ after: "s-7" });
  });

  test("of a worker that has lost its lease is refused", async () => {
    await acquire("w1");
    nowMs += leaseMs + 1;
    await acquire("w2");
    expect(await tasks().record(task, "w1", { after: "z", outcomes: some, doneAtMs: nowMs })).toBe("lost");
    expect(await tasks().record(task, "w2", { outcomes: none })).toBe("recorded");
    expect(await acquire("w3")).toEqual({ outcomes: none, leaseExpiresAtMs: nowMs + leaseMs });
  });

  test("of a task without a worker creates no row", async () => {
    expect(await tasks().record(task, "w1", { outcomes: some, doneAtMs: nowMs })).toBe("lost");
    expect(await rowsNow()).toEqual([]);
  });

  test("of a worker that has handed on the task is refused", async () => {
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

  test("stays done for a day, however often it is enqueued", async () => {
    await finish();
    expect(await acquire("w2")).toBe("done");
    nowMs = startMs + dayMs - 1_000;
    expect(await acquire("w3")).toBe("done");
  });

  // Expired rows stay for days. After a day the same messageId is another message; it was once posted to no member.
  test("a day ago does not count for the same one today", async () => {
    await finish();
    nowMs = startMs + dayMs;
    expect(await acquire("w2")).toEqual({ outcomes: none, leaseExpiresAtMs: nowMs + leaseMs });
    expect(await acquire("w3")).toBe("taken");
    expect(await rowsNow()).toMatchObject([{ expiresAt: (nowMs + dayMs) / 1000 }]);
  });
});
