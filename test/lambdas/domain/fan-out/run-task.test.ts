import { beforeEach, describe, expect, test } from "vitest";
import { tableOf } from "../../../../lambdas/adapters/dynamodb/table.ts";
import { tasksIn } from "../../../../lambdas/adapters/dynamodb/tasks.ts";
import { taskBudgetMs } from "../../../../lambdas/domain/fan-out/plan.ts";
import { leaseMs, runTask } from "../../../../lambdas/domain/fan-out/run-task.ts";
import type { FanOutTask } from "../../../../lambdas/domain/model/fan-out-task.ts";
import { AckingPage } from "../../../support/acking-page.ts";
import type { Harness, Page } from "../../../support/harness.ts";
import { openInMemoryTables } from "../../../support/in-memory-tables.ts";
import { intercept } from "../../../support/intercept.ts";
import { sharedTables } from "../../../support/shared-tables.ts";
import { framesOf, openHarnessWithLargeRooms, seat, tasksOf, workAll } from "./room-of-5000.ts";

const tables = sharedTables(openInMemoryTables);

let harness: Harness;
let room = "";
let pages: Page[];
beforeEach(async () => {
  harness = openHarnessWithLargeRooms(tables.client);
  // Whatever the first page lets one think of its size.
  harness.deps.fanOut = { postsPerSecond: 100_000, workers: 1 };
  room = `room-${harness.nextId()}`;
  pages = await seat(harness, room, 6);
});

const run = (task: FanOutTask) => runTask(harness.fanOutDeps, task);
/** Pushes to the room. @returns the one task that this orders */
async function ordered(more: Parameters<Harness["push"]>[2] = {}, rawData = "1"): Promise<FanOutTask> {
  await harness.push(room, rawData, more);
  const [task, ...others] = tasksOf(harness);
  if (!task || others.length > 0) throw new Error(`the push ordered ${others.length + (task ? 1 : 0)} tasks`);
  return task;
}
const progressOf = async ({ messageId }: FanOutTask) => (await harness.deps.pushes.get(messageId))[0]?.tasks ?? [];
const countsOf = async (task: FanOutTask) => (await progressOf(task)).map(({ outcomes }) => outcomes);
const heard = () => pages.map((page) => page.messages());
const all = (data: unknown[]) => pages.map(() => data);
/** Each post takes so long. */
function slowPosts(ms: number): void {
  intercept(harness.deps.gateway, "post", (post) => (connectionId, text) => {
    harness.nowMs += ms;
    return post(connectionId, text);
  });
}

describe("a task", () => {
  test("posts the message to each member once, and then is done", async () => {
    const task = await ordered();
    expect(heard()).toEqual(all([]));
    expect(await run(task)).toBe("done");
    expect(heard()).toEqual(all([1]));
    expect(await progressOf(task)).toMatchObject([
      { outcomes: { members: 6, sent: 6 }, doneAtMs: harness.nowMs, after: pages.at(-1)?.session },
    ]);
    expect(harness.tasks).toEqual([]);
  });

  test("that comes twice, one after the other, is done once", async () => {
    const task = await ordered();
    await run(task);
    expect(await run(task)).toBe("done");
    expect(heard()).toEqual(all([1]));
  });

  test("that comes several times at once is done by one; the others wait for what comes of that", async () => {
    const task = await ordered();
    const came = await Promise.all([run(task), run(task), run(task)]);
    expect(came.sort()).toEqual(["done", "taken", "taken"]);
    expect(heard()).toEqual(all([1]));
  });

  test("of qos 0 is posted as well", async () => {
    await run(await ordered({ qos: 0 }));
    expect(heard()).toEqual(all([1]));
    expect(pages[0]?.inbox.at(-1)).not.toHaveProperty("seq");
  });

  test.each([0, 1] as const)("of data kept apart, at qos %i, says where they are as of now", async (qos) => {
    const rawData = JSON.stringify("x".repeat(200_000));
    const task = await ordered({ qos }, rawData);
    // Longer than an address holds; for some the first post fails, and for some the round is over.
    harness.nowMs += 20 * 60_000;
    harness.outcomes.set(pages[1]?.connectionId ?? "", "failed");
    slowPosts(taskBudgetMs / 4);
    await run(task);
    harness.outcomes.clear();
    harness.nowMs += 20 * 60_000;
    const beganMs = harness.nowMs;
    await workAll(harness);
    const ages = pages.map(({ inbox }) => {
      const frame = inbox.at(-1);
      const { url = "" } = (frame?.type === "message" && frame.payload) || {};
      return beganMs - Number(new URL(url).searchParams.get("at"));
    });
    // Those of the first round had theirs 20 minutes before, not 40.
    expect(Math.max(...ages)).toBeGreaterThan(20 * 60_000);
    for (const ageMs of ages) expect(ageMs).toBeLessThan(25 * 60_000);
  });

  test("whose message nobody wants any more is done without a post", async () => {
    const task = await ordered({ ttlMs: 5_000 });
    harness.nowMs += 5_000;
    expect(await run(task)).toBe("done");
    expect(heard()).toEqual(all([]));
    expect(await progressOf(task)).toMatchObject([{ doneAtMs: harness.nowMs }]);
  });

  test("is done for those who are there, and forgets whose connection has ended", async () => {
    const task = await ordered();
    await pages[2]?.close({ isReported: false });
    await run(task);
    expect(heard().map(({ length }) => length)).toEqual([1, 1, 0, 1, 1, 1]);
    expect(await countsOf(task)).toMatchObject([{ members: 6, sent: 5, gone: 1 }]);
    expect(await harness.deps.members.get(room, pages[2]?.session ?? "")).toBeUndefined();
  });
});

describe("a round", () => {
  test("that is over hands the rest on, which begins behind the last one", async () => {
    const task = await ordered();
    slowPosts(taskBudgetMs / 4);
    expect(await run(task)).toBe("done");
    expect(heard().map(({ length }) => length)).toEqual([1, 1, 1, 1, 0, 0]);
    expect(await progressOf(task)).toMatchObject([{ after: pages[3]?.session, outcomes: { members: 4, sent: 4 } }]);
    expect((await progressOf(task))[0]).not.toHaveProperty("doneAtMs");
    const [rest, ...others] = tasksOf(harness);
    expect([rest, ...others]).toEqual([{ ...task, hop: 1 }]);
    if (rest) await run(rest);
    expect(heard()).toEqual(all([1]));
    expect(await progressOf(task)).toMatchObject([{ outcomes: { members: 6, sent: 6 }, doneAtMs: harness.nowMs }]);
  });

  test("records its progress before it enqueues the rest: a worker that receives that at once goes on after it", async () => {
    const task = await ordered();
    slowPosts(taskBudgetMs / 4);
    const results: string[] = [];
    const enqueueTasks = async (rest: readonly FanOutTask[]) => {
      for (const next of rest) results.push(await run(next));
    };
    expect(await runTask({ ...harness.fanOutDeps, enqueueTasks }, task)).toBe("done");
    expect(results).toEqual(["done"]);
    expect(heard()).toEqual(all([1]));
  });

  test("that dies leaves what it noted: the next worker begins there, when the time of the first is over", async () => {
    const task = await ordered();
    let posts = 0;
    const restore = intercept(harness.deps.gateway, "post", (post) => async (connectionId, text) => {
      posts += 1;
      // About once a second it notes how far it is; the fifth post never comes back.
      harness.nowMs += 1_100;
      return posts > 4 ? Promise.reject(new Error("died")) : post(connectionId, text);
    });
    await expect(run(task)).rejects.toThrow("died");
    restore();
    expect(await run(task)).toBe("taken");
    harness.nowMs += leaseMs;
    expect(await run(task)).toBe("done");
    const before = heard().filter(({ length }) => length === 2).length;
    expect(heard().every(({ length }) => length > 0)).toBe(true);
    expect(before).toBeLessThan(4);
  });

  test("whose time is over, while somebody else has begun, stops and notes nothing", async () => {
    const task = await ordered();
    let posts = 0;
    intercept(harness.deps.gateway, "post", (post) => async (connectionId, text) => {
      posts += 1;
      if (posts === 1) {
        // The machine stood still for longer than the lease, as far as the other one's clock says.
        harness.nowMs += 1_100;
        const lateNow = () => harness.nowMs + leaseMs;
        await tasksIn(tableOf(tables.client, "Rooms"), lateNow).acquire(task, "other", lateNow() + leaseMs);
      }
      return post(connectionId, text);
    });
    const members = { ...harness.deps.members, pages: oneByOne };
    expect(await runTask({ ...harness.fanOutDeps, members }, task)).toBe("taken");
    expect(posts).toBeLessThan(6);
    expect((await progressOf(task))[0]?.outcomes.members).toBe(0);
  });

  /** The members one page each, with time in between for what is under way. */
  async function* oneByOne(...args: Parameters<Harness["deps"]["members"]["pages"]>) {
    for await (const page of harness.unwatched.members.pages(...args)) {
      for (const member of page) {
        yield [member];
        for (let i = 0; i < 50; i += 1) await new Promise<void>((next) => setImmediate(next));
      }
    }
  }

  test("after the fourteenth is none: the rest is put aside, as AWS would end the chain", async () => {
    const task = await ordered();
    slowPosts(taskBudgetMs / 4);
    await run({ ...task, hop: 14 });
    expect(harness.tasks).toEqual([]);
    expect(harness.deadLetters).toEqual([{ ...task, hop: 15 }]);
  });

  test("in which a post fails for all, such as by a missing right, fails, and is not done", async () => {
    const task = await ordered();
    const restore = intercept(harness.deps.gateway, "post", () => () => Promise.reject(new Error("AccessDenied")));
    await expect(run(task)).rejects.toThrow("AccessDenied");
    restore();
    harness.nowMs += leaseMs + 1;
    expect(await run(task)).toBe("done");
    expect(heard()).toEqual(all([1]));
  });
});

describe("members whose posts are refused", () => {
  const fail = (page: Page | undefined) => harness.outcomes.set(page?.connectionId ?? "", "failed");
  const heal = (page: Page | undefined) => harness.outcomes.delete(page?.connectionId ?? "");
  const waiting = () => harness.tasks.map(({ task, atMs }) => ({ to: task.to, inMs: atMs - harness.nowMs }));

  test("are tried again 2, 4 and 8 seconds later, and then put aside", async () => {
    fail(pages[1]);
    fail(pages[4]);
    const task = await ordered();
    await run(task);
    const to = { sessions: [pages[1]?.session, pages[4]?.session] };
    for (const inMs of [2_000, 4_000, 8_000]) {
      expect(waiting()).toEqual([{ to, inMs }]);
      expect(harness.deadLetters).toEqual([]);
      await harness.pass(inMs);
    }
    expect(waiting()).toEqual([]);
    expect(harness.deadLetters).toMatchObject([{ to, messageId: task.messageId, text: task.text }]);
    expect(heard().map(({ length }) => length)).toEqual([1, 0, 1, 1, 0, 1]);
  });

  test("get it by the next try, once, and are counted once, as they ended", async () => {
    fail(pages[1]);
    const task = await ordered();
    await run(task);
    expect(await countsOf(task)).toMatchObject([{ members: 5, sent: 5, failed: 0 }]);
    heal(pages[1]);
    await harness.pass(20_000);
    expect(heard()).toEqual(all([1]));
    expect((await countsOf(task)).map(({ members, sent }) => [members, sent])).toEqual(
      expect.arrayContaining([
        [5, 5],
        [1, 1],
      ]),
    );
    expect(await countsOf(task)).toHaveLength(2);
    expect(harness.deadLetters).toEqual([]);
  });

  test("and that have left meanwhile are let go", async () => {
    fail(pages[1]);
    await run(await ordered());
    heal(pages[1]);
    await pages[1]?.leave(room);
    await harness.pass(20_000);
    expect(pages[1]?.messages()).toEqual([]);
    expect(harness.tasks).toEqual([]);
  });

  test("are named in lists of at most two hundred", async () => {
    const many = await seat(harness, room, 205);
    const all = [...pages, ...many];
    for (const page of all) fail(page);
    await run(await ordered());
    const sessions = tasksOf(harness).map(({ to }) => ("sessions" in to ? to.sessions : []));
    expect(sessions.map(({ length }) => length)).toEqual([200, 11]);
    expect(sessions.flat().sort()).toEqual(all.map(({ session }) => session).sort());
  });

  test("are ordered before they are noted as passed: a queue that refuses them loses nobody", async () => {
    fail(pages[1]);
    const task = await ordered();
    const enqueueTasks = () => Promise.reject(new Error("SQS is down"));
    await expect(runTask({ ...harness.fanOutDeps, enqueueTasks }, task)).rejects.toThrow("SQS is down");
    heal(pages[1]);
    harness.nowMs += leaseMs + 1;
    await run(task);
    expect(pages[1]?.messages()).toEqual([1]);
  });
});

describe("between the push and its task", () => {
  test("who was put out hears 2005 and nothing more of the room", async () => {
    const task = await ordered();
    await harness.deps.rooms.takeOver(room, { connectionId: "crashed", transport: "websocket", expiresAtMs: 0 });
    await run(task);
    expect(pages.map((page) => page.codes(room))).toEqual(all(["2005"]));
    expect(heard()).toEqual(all([]));
    expect(await countsOf(task)).toMatchObject([{ members: 0 }]);
  });

  test("who is put out while a task runs hears nothing more either, from the next page of members on", async () => {
    const task = await ordered();
    const members = { ...harness.deps.members, pages: withEviction };
    await runTask({ ...harness.fanOutDeps, members }, task);
    expect(heard().map(({ length }) => length)).toEqual([1, 1, 0, 0, 0, 0]);
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

  test("who came in was told a newer number, and is not posted to", async () => {
    const task = await ordered();
    const late = await harness.connect({ acks: true });
    expect(await late.login(room, "loginWhenever")).toMatchObject({ seq: 1 });
    await run(task);
    expect(late.messages()).toEqual([]);
    await run(await ordered({}, "2"));
    expect(late.messages()).toEqual([2]);
  });

  test("who got it from a redelivery is passed over, and not counted as one it was sent to", async () => {
    const task = await ordered();
    const acking = await AckingPage.open(harness);
    const { epoch = "", seq = 0 } = (await harness.deps.rooms.get(room)) ?? {};
    await acking.login(room, "loginWhenever");
    await harness.deps.members.setCursor(room, acking.page.session, acking.page.connectionId, { epoch, seq });
    await run(task);
    expect(framesOf(acking.page)).toEqual([]);
    expect(await countsOf(task)).toMatchObject([{ members: 6, sent: 6 }]);
  });

  test("who went to a new connection gets it there", async () => {
    const task = await ordered();
    await pages[3]?.open();
    await run(task);
    expect(heard()).toEqual(all([1]));
  });
});

describe("messages that wait at the same time", () => {
  test("go as one frame to those who ack, in their order, and one by one to those who do not", async () => {
    const acking = await harness.connect({ acks: true });
    await acking.login(room, "loginWhenever");
    const tasks: FanOutTask[] = [];
    for (const data of ["1", "2", "3"]) tasks.push(await ordered({}, data));
    // The newest may be the first that a worker gets.
    for (const task of tasks.reverse()) expect(await run(task)).toBe("done");
    expect(heard()).toEqual(all([1, 2, 3]));
    expect(framesOf(acking)).toMatchObject([{ type: "replayed", missed: [{ data: 1 }, { data: 2 }, { data: 3 }] }]);
    for (const task of tasks) {
      expect(await progressOf(task)).toMatchObject([{ outcomes: { members: 7, sent: 7 }, doneAtMs: harness.nowMs }]);
    }
  });

  test("go on together when a round is over, and nobody gets one of them twice", async () => {
    const tasks = [await ordered(), await ordered({}, "2")];
    slowPosts(taskBudgetMs / 4);
    for (const task of tasks) await run(task);
    await workAll(harness);
    expect(heard()).toEqual(all([1, 2]));
    for (const task of tasks) expect(await progressOf(task)).toMatchObject([{ outcomes: { members: 6, sent: 6 } }]);
  });

  test("of which one has run out leave it behind", async () => {
    const tasks = [await ordered({}, "1"), await ordered({ ttlMs: 1_000 }, "2")];
    harness.nowMs += 1_000;
    for (const task of tasks) expect(await run(task)).toBe("done");
    expect(heard()).toEqual(all([1]));
  });
});
