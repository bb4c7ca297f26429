import { beforeEach, describe, expect, test } from "vitest";
import { coalesce } from "../../../../lambdas/domain/fan-out/coalesce.ts";
import { taskLeaseMs } from "../../../../lambdas/domain/fan-out/run-task.ts";
import type { FanOutTask } from "../../../../lambdas/domain/model/fan-out-task.ts";
import { limits } from "../../../../protocol/limits.ts";
import type { Harness } from "../../../support/harness.ts";
import { openInMemoryTables } from "../../../support/in-memory-tables.ts";
import { intercept } from "../../../support/intercept.ts";
import { sharedTables } from "../../../support/shared-tables.ts";
import { joinPages, openHarnessWithLargeRooms, tasksOf } from "./large-rooms.ts";

const tables = sharedTables(openInMemoryTables);

let harness: Harness;
let room = "";
const none = { members: 0, sent: 0, gone: 0, slow: 0, failed: 0, unknown: 0, waiting: 0 };
beforeEach(async () => {
  harness = openHarnessWithLargeRooms(tables.client);
  harness.deps.fanOut = { postsPerSecond: 100_000, workers: 1 };
  room = `room-${harness.nextId()}`;
  await joinPages(harness, room, 3);
});

async function push(rawData: string, more: Parameters<Harness["push"]>[2] = {}): Promise<FanOutTask> {
  await harness.push(room, rawData, more);
  const [task] = tasksOf(harness);
  if (!task) throw new Error("the push enqueued no task");
  return task;
}
/** Pushes messages of these sizes, in bytes, with `seq` 1, 2, 3 … */
async function pushAll(...bytes: number[]): Promise<FanOutTask[]> {
  const tasks: FanOutTask[] = [];
  for (const size of bytes) tasks.push(await push(JSON.stringify("x".repeat(size))));
  return tasks;
}
const acquire = (task: FanOutTask | undefined, worker: string) => {
  if (!task) throw new Error("there is no such task");
  return harness.deps.tasks.acquire(task, worker, harness.nowMs + taskLeaseMs);
};
/** @returns `seq` of the messages that are coalesced with the message at `seq` */
async function coalescedWith(tasks: FanOutTask[], seq: number, changes: Partial<FanOutTask> = {}): Promise<number[]> {
  const task = { ...tasks[seq - 1], ...changes } as FanOutTask;
  const progress = await acquire(task, "me");
  if (typeof progress === "string") throw new Error(`the task is ${progress}`);
  const lease = { worker: "me", expiresAtMs: harness.nowMs + taskLeaseMs };
  const { others } = await coalesce(harness.deps, task, progress, lease);
  return others.map(({ task }) => task.seq ?? 0).sort((a, b) => a - b);
}

describe("a message is coalesced with", () => {
  test("those before and after it that wait for the same part, and their tasks are leased to its worker", async () => {
    const tasks = await pushAll(1, 1, 1, 1, 1);
    expect(await coalescedWith(tasks, 3)).toEqual([1, 2, 4, 5]);
    for (const task of tasks) {
      expect(await acquire(task, "other")).toBe("taken");
      expect(await harness.deps.tasks.record(task, "me", { outcomes: none })).toBe("recorded");
    }
  });

  test("older ones first, up to the size of one billed message", async () => {
    const tasks = await pushAll(10_000, 10_000, 10_000, 10_000, 10_000);
    expect(await coalescedWith(tasks, 4)).toEqual([2, 3]);
    const frames = [2, 3, 4].map((seq) => Buffer.byteLength(tasks[seq - 1]?.text ?? ""));
    expect(frames.reduce((sum, bytes) => sum + bytes)).toBeLessThanOrEqual(limits.billedBytes);
  });

  test("newer ones, although an older one is too large", async () => {
    const tasks = await pushAll(1, 40_000, 1, 1);
    expect(await coalescedWith(tasks, 3)).toEqual([4]);
  });

  test("none, if it fills a billed message alone", async () => {
    expect(await coalescedWith(await pushAll(1, 33_000, 1), 2)).toEqual([]);
  });

  test("none beyond a task that another worker has: pages would buffer them", async () => {
    const tasks = await pushAll(1, 1, 1, 1, 1);
    await acquire(tasks[1], "other");
    expect(await coalescedWith(tasks, 3)).toEqual([4, 5]);
    expect(await acquire(tasks[0], "other")).not.toBe("taken");
  });

  test("those beyond a task that is done", async () => {
    const tasks = await pushAll(1, 1, 1, 1, 1);
    await acquire(tasks[1], "other");
    await harness.deps.tasks.record(tasks[1] as FanOutTask, "other", { outcomes: none, doneAtMs: 5 });
    expect(await coalescedWith(tasks, 3)).toEqual([1, 4, 5]);
  });

  test("none whose task has other progress: it is released again", async () => {
    const tasks = await pushAll(1, 1, 1);
    await acquire(tasks[1], "other");
    await harness.deps.tasks.record(tasks[1] as FanOutTask, "other", {
      after: "s-7",
      outcomes: { ...none, members: 4 },
    });
    expect(await coalescedWith(tasks, 3)).toEqual([]);
    expect(await acquire(tasks[1], "other")).toMatchObject({ after: "s-7", outcomes: { members: 4 } });
  });

  test("none whose room was divided into another number of parts", async () => {
    const [first, second] = await pushAll(1, 1);
    const restore = intercept(
      harness.deps.pushes,
      "recordParts",
      (recordParts) => (id, record) => recordParts(id, record, 3),
    );
    const third = await push("1");
    restore();
    const tasks = [first, second, third, ...(await pushAll(1))] as FanOutTask[];
    expect(await coalescedWith(tasks, 2)).toEqual([1]);
  });

  test("none whose room was small at the push", async () => {
    const tasks = await pushAll(1);
    intercept(harness.deps.members, "first", () => async () => ({ members: [], share: 1 }));
    await harness.push(room);
    expect(await coalescedWith(tasks, 1)).toEqual([]);
  });

  test("none of an earlier epoch: its number belongs to another message now", async () => {
    const tasks = await pushAll(1, 1, 1);
    expect(await coalescedWith(tasks, 2, { messageId: "of-another-epoch" })).toEqual([]);
  });

  test("none whose ttl is over", async () => {
    const tasks = [await push("1"), await push("2", { ttlMs: 1_000 }), await push("3")];
    harness.nowMs += 1_000;
    expect(await coalescedWith(tasks, 3)).toEqual([]);
  });

  test("none, if it is of qos 0 or a retry", async () => {
    const tasks = await pushAll(1, 1);
    expect(await coalescedWith(tasks, 2, { taskId: "again", to: { sessions: ["s"] } })).toEqual([]);
    const unlogged = await push("1", { qos: 0 });
    expect(await coalescedWith([unlogged], 1)).toEqual([]);
  });
});
