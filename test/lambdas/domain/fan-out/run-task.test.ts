import { setImmediate as nextTurn } from "node:timers/promises";
import { beforeEach, describe, expect, test } from "vitest";
import { tableOf } from "../../../../lambdas/adapters/dynamodb/table.ts";
import { tasksIn } from "../../../../lambdas/adapters/dynamodb/tasks.ts";
import { taskBudgetMs } from "../../../../lambdas/domain/fan-out/plan.ts";
import { runTask, taskLeaseMs } from "../../../../lambdas/domain/fan-out/run-task.ts";
import type { FanOutTask } from "../../../../lambdas/domain/model/fan-out-task.ts";
import { AckingPage } from "../../../support/acking-page.ts";
import type { Harness, Page } from "../../../support/harness.ts";
import { openInMemoryTables } from "../../../support/in-memory-tables.ts";
import { intercept } from "../../../support/intercept.ts";
import { sharedTables } from "../../../support/shared-tables.ts";
import { framesOf, joinPages, openHarnessWithLargeRooms, tasksOf, workAll } from "./large-rooms.ts";

const tables = sharedTables(openInMemoryTables);

let harness: Harness;
let room = "";
let pages: Page[];
beforeEach(async () => {
  harness = openHarnessWithLargeRooms(tables.client);
  // One part, whatever size the first page suggests.
  harness.deps.fanOut = { postsPerSecond: 100_000, workers: 1 };
  room = `room-${harness.nextId()}`;
  pages = await joinPages(harness, room, 6);
});

const run = (task: FanOutTask) => runTask(harness.fanOutDeps, task);
/** Pushes to the room. @returns the one task that the push enqueues */
async function pushTask(more: Parameters<Harness["push"]>[2] = {}, rawData = "1"): Promise<FanOutTask> {
  await harness.push(room, rawData, more);
  const [task, ...others] = tasksOf(harness);
  if (!task || others.length > 0) throw new Error(`the push enqueued ${others.length + (task ? 1 : 0)} tasks`);
  return task;
}
const progressOf = async ({ messageId }: FanOutTask) => (await harness.deps.pushes.get(messageId))[0]?.tasks ?? [];
const countsOf = async (task: FanOutTask) => (await progressOf(task)).map(({ outcomes }) => outcomes);
const received = () => pages.map((page) => page.messages());
const byAll = (data: unknown[]) => pages.map(() => data);
/** Each post takes this time. */
function slowPosts(ms: number): void {
  intercept(harness.deps.gateway, "post", (post) => (connectionId, text) => {
    harness.nowMs += ms;
    return post(connectionId, text);
  });
}

describe("a task", () => {
  test("posts the message to each member once, and then is done", async () => {
    const task = await pushTask();
    expect(received()).toEqual(byAll([]));
    expect(await run(task)).toBe("done");
    expect(received()).toEqual(byAll([1]));
    expect(await progressOf(task)).toMatchObject([
      { outcomes: { members: 6, sent: 6 }, doneAtMs: harness.nowMs, after: pages.at(-1)?.session },
    ]);
    expect(harness.tasks).toEqual([]);
  });

  test("that is received twice in sequence is done once", async () => {
    const task = await pushTask();
    await run(task);
    expect(await run(task)).toBe("done");
    expect(received()).toEqual(byAll([1]));
  });

  test("that is received several times concurrently is done by one worker; the others return it to the queue", async () => {
    const task = await pushTask();
    const results = await Promise.all([run(task), run(task), run(task)]);
    expect(results.sort()).toEqual(["done", "taken", "taken"]);
    expect(received()).toEqual(byAll([1]));
  });

  test("of qos 0 is posted as well", async () => {
    await run(await pushTask({ qos: 0 }));
    expect(received()).toEqual(byAll([1]));
    expect(pages[0]?.inbox.at(-1)).not.toHaveProperty("seq");
  });

  test.each([0, 1] as const)("with a payload, at qos %i, signs its URL when it runs", async (qos) => {
    const rawData = JSON.stringify("x".repeat(200_000));
    const task = await pushTask({ qos }, rawData);
    // Longer than a URL is valid. One post fails and is retried, and some members are left to the next hop.
    harness.nowMs += 20 * 60_000;
    harness.outcomes.set(pages[1]?.connectionId ?? "", "failed");
    slowPosts(taskBudgetMs / 4);
    await run(task);
    harness.outcomes.clear();
    harness.nowMs += 20 * 60_000;
    const startedMs = harness.nowMs;
    await workAll(harness);
    const ages = pages.map(({ inbox }) => {
      const frame = inbox.at(-1);
      const { url = "" } = (frame?.type === "message" && frame.payload) || {};
      return startedMs - Number(new URL(url).searchParams.get("at"));
    });
    // The URLs of the first hop are 20 minutes older, not 40.
    expect(Math.max(...ages)).toBeGreaterThan(20 * 60_000);
    for (const ageMs of ages) expect(ageMs).toBeLessThan(25 * 60_000);
  });

  test("of a message whose ttl is over is done without a post", async () => {
    const task = await pushTask({ ttlMs: 5_000 });
    harness.nowMs += 5_000;
    expect(await run(task)).toBe("done");
    expect(received()).toEqual(byAll([]));
    expect(await progressOf(task)).toMatchObject([{ doneAtMs: harness.nowMs }]);
  });

  test("posts to the present members, and prunes a member whose connection has ended", async () => {
    const task = await pushTask();
    await pages[2]?.close({ isReported: false });
    await run(task);
    expect(received().map(({ length }) => length)).toEqual([1, 1, 0, 1, 1, 1]);
    expect(await countsOf(task)).toMatchObject([{ members: 6, sent: 5, gone: 1 }]);
    expect(await harness.deps.members.get(room, pages[2]?.session ?? "")).toBeUndefined();
  });
});

describe("a hop", () => {
  test("whose time is over enqueues the rest, which starts after the last member", async () => {
    const task = await pushTask();
    slowPosts(taskBudgetMs / 4);
    expect(await run(task)).toBe("done");
    expect(received().map(({ length }) => length)).toEqual([1, 1, 1, 1, 0, 0]);
    expect(await progressOf(task)).toMatchObject([{ after: pages[3]?.session, outcomes: { members: 4, sent: 4 } }]);
    expect((await progressOf(task))[0]).not.toHaveProperty("doneAtMs");
    const [rest, ...others] = tasksOf(harness);
    expect([rest, ...others]).toEqual([{ ...task, hop: 1 }]);
    if (rest) await run(rest);
    expect(received()).toEqual(byAll([1]));
    expect(await progressOf(task)).toMatchObject([{ outcomes: { members: 6, sent: 6 }, doneAtMs: harness.nowMs }]);
  });

  test("records its progress before it enqueues the rest: a worker that receives the rest at once continues after it", async () => {
    const task = await pushTask();
    slowPosts(taskBudgetMs / 4);
    const results: string[] = [];
    const enqueueTasks = async (rest: readonly FanOutTask[]) => {
      for (const next of rest) results.push(await run(next));
    };
    expect(await runTask({ ...harness.fanOutDeps, enqueueTasks }, task)).toBe("done");
    expect(results).toEqual(["done"]);
    expect(received()).toEqual(byAll([1]));
  });

  test("whose worker dies leaves its recorded progress: the next worker continues there when the lease has expired", async () => {
    const task = await pushTask();
    let posts = 0;
    const restore = intercept(harness.deps.gateway, "post", (post) => async (connectionId, text) => {
      posts += 1;
      // The worker records its progress about once a second. The fifth post never returns.
      harness.nowMs += 1_100;
      return posts > 4 ? Promise.reject(new Error("died")) : post(connectionId, text);
    });
    await expect(run(task)).rejects.toThrow("died");
    restore();
    expect(await run(task)).toBe("taken");
    harness.nowMs += taskLeaseMs;
    expect(await run(task)).toBe("done");
    const before = received().filter(({ length }) => length === 2).length;
    expect(received().every(({ length }) => length > 0)).toBe(true);
    expect(before).toBeLessThan(4);
  });

  test("whose lease was acquired by another worker stops and records nothing", async () => {
    const task = await pushTask();
    let posts = 0;
    intercept(harness.deps.gateway, "post", (post) => async (connectionId, text) => {
      posts += 1;
      if (posts === 1) {
        // By the other worker's clock, this worker was suspended for longer than its lease.
        harness.nowMs += 1_100;
        const lateNow = () => harness.nowMs + taskLeaseMs;
        await tasksIn(tableOf(tables.client, "Rooms"), lateNow).acquire(task, "other", lateNow() + taskLeaseMs);
      }
      return post(connectionId, text);
    });
    const members = { ...harness.deps.members, pages: oneByOne };
    expect(await runTask({ ...harness.fanOutDeps, members }, task)).toBe("taken");
    expect(posts).toBeLessThan(6);
    expect((await progressOf(task))[0]?.outcomes.members).toBe(0);
  });

  /** One member per page, with time in between for the posts under way. */
  async function* oneByOne(...args: Parameters<Harness["deps"]["members"]["pages"]>) {
    for await (const page of harness.unwatched.members.pages(...args)) {
      for (const member of page) {
        yield [member];
        for (let i = 0; i < 50; i += 1) await new Promise<void>((next) => setImmediate(next));
      }
    }
  }

  test("after the fourteenth does not exist: the rest is dead-lettered", async () => {
    const task = await pushTask();
    slowPosts(taskBudgetMs / 4);
    await run({ ...task, hop: 14 });
    expect(harness.tasks).toEqual([]);
    expect(harness.deadLetters).toEqual([{ ...task, hop: 15 }]);
  });

  test("in which all posts throw, such as for a missing permission, fails and is not done", async () => {
    const task = await pushTask();
    const restore = intercept(harness.deps.gateway, "post", () => () => Promise.reject(new Error("AccessDenied")));
    await expect(run(task)).rejects.toThrow("AccessDenied");
    restore();
    harness.nowMs += taskLeaseMs + 1;
    expect(await run(task)).toBe("done");
    expect(received()).toEqual(byAll([1]));
  });
});

/** Lets everything else that is under way come far: the queue is slow. */
const otherWork = async () => {
  for (let turn = 0; turn < 200; turn += 1) await nextTurn();
};

describe("members whose posts fail", () => {
  const fail = (page: Page | undefined) => harness.outcomes.set(page?.connectionId ?? "", "failed");
  const heal = (page: Page | undefined) => harness.outcomes.delete(page?.connectionId ?? "");
  const queued = () => harness.tasks.map(({ task, atMs }) => ({ to: task.to, inMs: atMs - harness.nowMs }));

  test("are retried 2, 4 and 8 seconds later, and then dead-lettered", async () => {
    fail(pages[1]);
    fail(pages[4]);
    const task = await pushTask();
    await run(task);
    const to = { sessions: [pages[1]?.session, pages[4]?.session] };
    for (const inMs of [2_000, 4_000, 8_000]) {
      expect(queued()).toEqual([{ to, inMs }]);
      expect(harness.deadLetters).toEqual([]);
      await harness.pass(inMs);
    }
    expect(queued()).toEqual([]);
    expect(harness.deadLetters).toMatchObject([{ to, messageId: task.messageId, text: task.text }]);
    expect(received().map(({ length }) => length)).toEqual([1, 0, 1, 1, 0, 1]);
  });

  test("get the message by the retry, once, and are counted once, with the last outcome", async () => {
    fail(pages[1]);
    const task = await pushTask();
    await run(task);
    expect(await countsOf(task)).toMatchObject([{ members: 5, sent: 5, failed: 0 }]);
    heal(pages[1]);
    await harness.pass(20_000);
    expect(received()).toEqual(byAll([1]));
    expect((await countsOf(task)).map(({ members, sent }) => [members, sent])).toEqual(
      expect.arrayContaining([
        [5, 5],
        [1, 1],
      ]),
    );
    expect(await countsOf(task)).toHaveLength(2);
    expect(harness.deadLetters).toEqual([]);
  });

  test("are not retried after they have left", async () => {
    fail(pages[1]);
    await run(await pushTask());
    heal(pages[1]);
    await pages[1]?.leave(room);
    await harness.pass(20_000);
    expect(pages[1]?.messages()).toEqual([]);
    expect(harness.tasks).toEqual([]);
  });

  test("are divided into tasks of at most 200 sessions", async () => {
    const many = await joinPages(harness, room, 205);
    const failing = [...pages, ...many];
    for (const page of failing) fail(page);
    await run(await pushTask());
    const sessions = tasksOf(harness).map(({ to }) => ("sessions" in to ? to.sessions : []));
    expect(sessions.map(({ length }) => length)).toEqual([200, 11]);
    expect(sessions.flat().sort()).toEqual(failing.map(({ session }) => session).sort());
  });

  test("are not passed by another record while the queue takes long: if it then fails, no member is lost", async () => {
    fail(pages[1]);
    const task = await pushTask();
    slowPosts(1_000);
    const enqueueTasks = () => otherWork().then(() => Promise.reject(new Error("SQS is down")));
    await expect(runTask({ ...harness.fanOutDeps, enqueueTasks }, task)).rejects.toThrow("SQS is down");
    heal(pages[1]);
    harness.nowMs += taskLeaseMs + 1;
    await run(task);
    expect(pages[1]?.messages()).toEqual([1]);
  });

  test("are all counted, even if the queue takes long", async () => {
    fail(pages[1]);
    fail(pages[4]);
    const task = await pushTask();
    slowPosts(1_000);
    const enqueueTasks: typeof harness.fanOutDeps.enqueueTasks = (tasks, afterMs) =>
      otherWork().then(() => harness.fanOutDeps.enqueueTasks(tasks, afterMs));
    await runTask({ ...harness.fanOutDeps, enqueueTasks }, task);
    expect(await progressOf(task)).toMatchObject([{ retryTaskCount: harness.tasks.length }]);
  });

  test("are enqueued before the progress passes them: if the queue fails, no member is lost", async () => {
    fail(pages[1]);
    const task = await pushTask();
    const enqueueTasks = () => Promise.reject(new Error("SQS is down"));
    await expect(runTask({ ...harness.fanOutDeps, enqueueTasks }, task)).rejects.toThrow("SQS is down");
    heal(pages[1]);
    harness.nowMs += taskLeaseMs + 1;
    await run(task);
    expect(pages[1]?.messages()).toEqual([1]);
  });
});

describe("between the push and its task", () => {
  test("an evicted member gets 2005 and nothing more of the room", async () => {
    const task = await pushTask();
    await harness.deps.rooms.takeOver(room, { connectionId: "crashed", transport: "websocket", expiresAtMs: 0 });
    await run(task);
    expect(pages.map((page) => page.codes(room))).toEqual(byAll(["2005"]));
    expect(received()).toEqual(byAll([]));
    expect(await countsOf(task)).toMatchObject([{ members: 0 }]);
  });

  test("a member that is evicted while the task runs gets nothing more, from the next page of members on", async () => {
    const task = await pushTask();
    const members = { ...harness.deps.members, pages: withEviction };
    await runTask({ ...harness.fanOutDeps, members }, task);
    expect(received().map(({ length }) => length)).toEqual([1, 1, 0, 0, 0, 0]);
  });
  async function* withEviction(...args: Parameters<Harness["deps"]["members"]["pages"]>) {
    let isFirst = true;
    for await (const page of harness.unwatched.members.pages(...args)) {
      if (!isFirst)
        await harness.deps.rooms.takeOver(room, { connectionId: "crashed", transport: "websocket", expiresAtMs: 0 });
      isFirst = false;
      yield page;
    }
  }

  test("a member that joined has a later start position, and is not posted to", async () => {
    const task = await pushTask();
    const late = await harness.connect({ acks: true });
    expect(await late.login(room, "loginWhenever")).toMatchObject({ seq: 1 });
    await run(task);
    expect(late.messages()).toEqual([]);
    await run(await pushTask({}, "2"));
    expect(late.messages()).toEqual([2]);
  });

  test("a member that got the message from a redelivery is skipped, and not counted", async () => {
    const task = await pushTask();
    const acking = await AckingPage.open(harness);
    const { epoch = "", seq = 0 } = (await harness.deps.rooms.get(room)) ?? {};
    await acking.login(room, "loginWhenever");
    await harness.deps.members.setCursor(room, acking.page.session, acking.page.connectionId, { epoch, seq });
    await run(task);
    expect(framesOf(acking.page)).toEqual([]);
    expect(await countsOf(task)).toMatchObject([{ members: 6, sent: 6 }]);
  });

  test("a member that moved to a new connection gets the message there", async () => {
    const task = await pushTask();
    await pages[3]?.open();
    await run(task);
    expect(received()).toEqual(byAll([1]));
  });
});

describe("coalesced messages", () => {
  test("are one frame for members that acknowledge, in order, and one frame each for others", async () => {
    const acking = await harness.connect({ acks: true });
    await acking.login(room, "loginWhenever");
    const tasks: FanOutTask[] = [];
    for (const data of ["1", "2", "3"]) tasks.push(await pushTask({}, data));
    // A worker may receive the newest task first.
    for (const task of tasks.reverse()) expect(await run(task)).toBe("done");
    expect(received()).toEqual(byAll([1, 2, 3]));
    expect(framesOf(acking)).toMatchObject([{ type: "replayed", missed: [{ data: 1 }, { data: 2 }, { data: 3 }] }]);
    for (const task of tasks) {
      expect(await progressOf(task)).toMatchObject([{ outcomes: { members: 7, sent: 7 }, doneAtMs: harness.nowMs }]);
    }
  });

  test("are continued together by the next hop, and no member gets one twice", async () => {
    const tasks = [await pushTask(), await pushTask({}, "2")];
    slowPosts(taskBudgetMs / 4);
    for (const task of tasks) await run(task);
    await workAll(harness);
    expect(received()).toEqual(byAll([1, 2]));
    for (const task of tasks) expect(await progressOf(task)).toMatchObject([{ outcomes: { members: 6, sent: 6 } }]);
  });

  test("do not include one whose ttl is over", async () => {
    const tasks = [await pushTask({}, "1"), await pushTask({ ttlMs: 1_000 }, "2")];
    harness.nowMs += 1_000;
    for (const task of tasks) expect(await run(task)).toBe("done");
    expect(received()).toEqual(byAll([1]));
  });
});
