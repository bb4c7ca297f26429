import { beforeEach, describe, expect, test } from "vitest";
import { retryTasks } from "../../../../lambdas/domain/fan-out/enqueue.ts";
import { pushStatus } from "../../../../lambdas/domain/push/status.ts";
import { AckingPage } from "../../../support/acking-page.ts";
import { Harness } from "../../../support/harness.ts";
import { openInMemoryTables } from "../../../support/in-memory-tables.ts";
import { intercept } from "../../../support/intercept.ts";
import { sharedTables } from "../../../support/shared-tables.ts";
import { joinPages, openHarnessWithLargeRooms, tasksOf, workAll } from "./large-rooms.ts";

const tables = sharedTables(openInMemoryTables);

let harness: Harness;
let room = "";
beforeEach(() => {
  harness = openHarnessWithLargeRooms(tables.client);
  room = `room-${harness.nextId()}`;
});
const statusOf = async (messageId: string) => (await pushStatus(harness.deps, messageId))?.[0];
const receivedTasks = () => tasksOf(harness).map(({ taskId, to }) => ({ taskId, to }));

describe("a push to a large room", () => {
  beforeEach(async () => {
    await joinPages(harness, room, 3);
    intercept(harness.deps.pushes, "recordParts", () => async () => 3);
  });

  test("posts nothing itself, and enqueues one task per part, with the frame", async () => {
    let posts = 0;
    intercept(harness.deps.gateway, "post", () => async () => {
      posts += 1;
      return "sent";
    });
    await harness.push(room, '{"a":1}', { messageId: "m", ttlMs: 5_000 });
    expect(posts).toBe(0);
    const tasks = tasksOf(harness);
    expect(tasks.map(({ taskId, to, hop }) => ({ taskId, to, hop }))).toEqual(
      [0, 1, 2].map((index) => ({ taskId: `${index}/3`, to: { index, of: 3 }, hop: 0 })),
    );
    for (const { roomId, messageId, seq, ttlEndsAtMs, text } of tasks) {
      expect({ roomId, messageId, seq, ttlEndsAtMs }).toEqual({
        ...{ roomId: room, messageId: "m", seq: 1, ttlEndsAtMs: harness.nowMs + 5_000 },
      });
      expect(JSON.parse(text)).toMatchObject({ type: "message", data: { a: 1 }, seq: 1 });
    }
  });

  test("that is repeated with its messageId enqueues the same tasks, if the first push crashed", async () => {
    const restore = intercept(harness.deps.pushes, "finish", () => () => Promise.reject(new Error("died")));
    await expect(harness.push(room, "1", { messageId: `m-${room}` })).rejects.toThrow("died");
    restore();
    const first = receivedTasks();
    await harness.push(room, "1", { messageId: `m-${room}` });
    expect(receivedTasks()).toEqual(first);
    await harness.push(room, "1", { messageId: `m-${room}` });
    expect(receivedTasks()).toEqual([]);
  });

  test("that is sent several times concurrently enqueues the same tasks, each several times", async () => {
    await Promise.all([1, 2, 3].map(() => harness.push(room, "1", { messageId: `m-${room}` })));
    const taskIds = new Set(receivedTasks().map(({ taskId }) => taskId));
    expect([...taskIds].sort()).toEqual(["0/3", "1/3", "2/3"]);
  });

  test("whose tasks the queue refuses is not accepted: no member was posted to", async () => {
    intercept(harness.deps, "enqueueTasks", () => () => Promise.reject(new Error("SQS is down")));
    await expect(harness.push(room)).rejects.toThrow("SQS is down");
  });

  test("at qos 0 whose tasks the queue refuses is not accepted", async () => {
    intercept(harness.deps, "enqueueTasks", () => () => Promise.reject(new Error("SQS is down")));
    await expect(harness.push(room, "1", { qos: 0 })).rejects.toThrow("SQS is down");
  });
});

describe("the status of a push to a large room", () => {
  beforeEach(async () => {
    await joinPages(harness, room, 5);
    const { recordParts } = harness.deps.pushes;
    intercept(harness.deps.pushes, "recordParts", () => (id, record) => recordParts(id, record, 4));
  });

  test("is done when all parts are, with the outcomes of all", async () => {
    await harness.push(room, "1", { messageId: `m-${room}` });
    const tasks = tasksOf(harness);
    expect(await statusOf(`m-${room}`)).toMatchObject({ logged: true, done: false });
    for (const task of tasks) {
      expect((await statusOf(`m-${room}`))?.done).toBe(false);
      await harness.work(task);
    }
    expect(await statusOf(`m-${room}`)).toMatchObject({ done: true, outcomes: { members: 5, sent: 5 } });
  });

  // A retry task does not count as a part.
  test("is not done while a part has not started, however many retry tasks are done", async () => {
    const pages = [...harness.pages.values()];
    await harness.push(room, "1", { messageId: `m-${room}` });
    const parts = tasksOf(harness);
    for (const { connectionId } of pages) harness.outcomes.set(connectionId, "failed");
    for (const task of parts.slice(1)) await harness.work(task);
    harness.outcomes.clear();
    await workAll(harness);
    expect((await statusOf(`m-${room}`))?.done).toBe(false);
    for (const task of parts) await harness.work(task);
    expect(await statusOf(`m-${room}`)).toMatchObject({ done: true, outcomes: { members: 5, sent: 5, failed: 0 } });
  });

  test("is not done while retries are in the queue", async () => {
    await harness.push(room, "1", { messageId: `m-${room}` });
    for (const { connectionId } of harness.pages.values()) harness.outcomes.set(connectionId, "failed");
    for (const task of tasksOf(harness)) await harness.work(task);
    expect((await statusOf(`m-${room}`))?.done).toBe(false);
    harness.outcomes.clear();
    await workAll(harness);
    expect(await statusOf(`m-${room}`)).toMatchObject({ done: true, outcomes: { members: 5, sent: 5, failed: 0 } });
  });
});

describe("the ack check of a large room", () => {
  test("is scheduled for AckWait after the last post", async () => {
    await joinPages(harness, room, 3, { acks: true });
    const first = await harness.unwatched.members.first(room, 3);
    intercept(harness.deps.members, "first", () => async () => ({ members: first.members, share: 0.01 }));
    harness.deps.fanOut = { postsPerSecond: 100, workers: 2 };
    await harness.push(room);
    // The page shows a hundredth of the room, and the rate is 100 a second.
    const postingMs = first.members.length * 1_000;
    expect(harness.checks.map(({ check, atMs }) => [check.hop, atMs - harness.nowMs])).toEqual([
      [0, 5_000 + postingMs],
    ]);
  });

  test("redelivers nothing while posts are under way, and then what was not acknowledged", async () => {
    const ackingPages = [];
    for (let i = 0; i < 4; i += 1) {
      const ackingPage = await AckingPage.open(harness);
      await ackingPage.login(room, "loginWhenever");
      ackingPages.push(ackingPage);
    }
    await harness.pass(31_000);
    await harness.push(room, '"m"');
    // The queue is overloaded: the tasks are received a minute later.
    const late = tasksOf(harness);
    await harness.pass(60_000);
    for (const { page } of ackingPages) expect(page.inbox.filter(({ type }) => type === "replayed")).toEqual([]);
    harness.lost.add(ackingPages[0]?.page.connectionId ?? "");
    for (const task of late) await harness.work(task);
    harness.lost.clear();
    for (const ackingPage of ackingPages.slice(1)) await ackingPage.ack();
    await harness.pass(60_000);
    const redeliveries = ackingPages.map(({ page }) => page.inbox.filter(({ type }) => type === "replayed").length);
    expect(redeliveries[0]).toBeGreaterThan(0);
    expect(redeliveries.slice(1)).toEqual([0, 0, 0]);
    expect(ackingPages[0]?.dataOf(room)).toEqual(["m"]);
  });
});

describe("a push to everyone", () => {
  test("posts to each connection once, in as many parts as millions of connections need", async () => {
    const own = await openInMemoryTables();
    harness = openHarnessWithLargeRooms(own.client);
    const pages = [];
    for (let i = 0; i < 7; i += 1) pages.push(await harness.connect({ acks: i % 2 === 0 }));
    await harness.push("@all", '"all"', { messageId: "m" });
    expect(harness.tasks).toHaveLength(40);
    await workAll(harness);
    expect(pages.map((page) => page.messages())).toEqual(pages.map(() => ["all"]));
    expect(await statusOf("m")).toMatchObject({ roomId: "@all", done: true, outcomes: { members: 7, sent: 7 } });
    await own.close();
  });
});

describe("a push to a small room", () => {
  test("enqueues retries of failed posts, and counts them when they have ended", async () => {
    harness = new Harness(tables.client);
    const [ann, bob] = await joinPages(harness, room, 2);
    harness.outcomes.set(ann?.connectionId ?? "", "failed");
    await harness.push(room, "1", { messageId: `m-${room}` });
    expect(bob?.messages()).toEqual([1]);
    expect(harness.tasks).toMatchObject([
      { atMs: harness.nowMs + 2_000, task: { to: { sessions: [ann?.session] }, hop: 1 } },
    ]);
    expect(await statusOf(`m-${room}`)).toMatchObject({ done: false, outcomes: { members: 1, sent: 1, failed: 0 } });
    harness.outcomes.clear();
    await harness.pass(2_000);
    expect(ann?.messages()).toEqual([1]);
    expect(await statusOf(`m-${room}`)).toMatchObject({ done: true, outcomes: { members: 2, sent: 2, failed: 0 } });
  });

  test("enqueues nothing if no post failed", async () => {
    harness = new Harness(tables.client);
    await joinPages(harness, room, 2);
    await harness.push(room);
    expect(harness.tasks).toEqual([]);
  });
});

test("retries are divided into tasks of at most 200 sessions, each with its own id", () => {
  let ids = 0;
  const newId = () => {
    ids += 1;
    return `id-${ids}`;
  };
  const sessions = Array.from({ length: 450 }, (_, i) => `s-${i}`);
  const tasks = retryTasks({ newId }, { roomId: room, messageId: "m", text: "{}" }, sessions, 2);
  expect(tasks.map(({ taskId, hop }) => [taskId, hop])).toEqual([
    ["id-1", 2],
    ["id-2", 2],
    ["id-3", 2],
  ]);
  expect(tasks.flatMap(({ to }) => ("sessions" in to ? to.sessions : []))).toEqual(sessions);
});
