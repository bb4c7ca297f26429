import { describe, expect, test } from "vitest";
import { leaveRoom } from "../../../lambdas/domain/membership/leave.ts";
import type { FanOutTask } from "../../../lambdas/domain/model/fan-out-task.ts";
import { publish } from "../../../lambdas/domain/push/publish.ts";
import { runAckCheck } from "../../../lambdas/domain/redelivery/run-ack-check.ts";
import { loginPolicies } from "../../../protocol/ids.ts";
import { AckingPage } from "../../support/acking-page.ts";
import { countCalls, crash } from "../../support/crash.ts";
import { Harness, visibilityMs } from "../../support/harness.ts";
import { openInMemoryTables } from "../../support/in-memory-tables.ts";
import { intercept } from "../../support/intercept.ts";
import { sharedTables } from "../../support/shared-tables.ts";
import { inPagesOf } from "../../support/tables.ts";

// Every Lambda dies at each of its calls once, right before the call takes effect and right after. The table of
// points is not written down: an undisturbed run says how many calls there are.

const tables = sharedTables(openInMemoryTables);

interface Scene {
  harness: Harness;
  room: string;
  /** Two who are in and ack. */
  ann: AckingPage;
  bob: AckingPage;
  /** Somebody who is not in yet. */
  eve: AckingPage;
}

/** One operation and what its caller does when it hears nothing. */
interface Operation {
  name: string;
  /** In a room whose rows fill more than a page, so that it is posted to part by part. */
  isLarge?: boolean;
  /** What was before. */
  given?(scene: Scene): Promise<void>;
  work(scene: Scene): Promise<unknown>;
  retry(scene: Scene): Promise<unknown>;
  /** What the page saw in the end, of those who are in. */
  sees(scene: Scene): [AckingPage, unknown[]][];
}

async function open(isLarge = false): Promise<Scene> {
  const harness = new Harness(isLarge ? inPagesOf(1, tables.client) : tables.client);
  const room = `room-${harness.nextId()}`;
  const [ann, bob, eve] = await Promise.all([
    AckingPage.open(harness, { publish: ["*"] }),
    AckingPage.open(harness),
    AckingPage.open(harness),
  ]);
  await ann.login(room, "loginWhenever");
  await bob.login(room, "loginWhenever");
  return { harness, room, ann, bob, eve };
}

/** Clients do what their timers say, and time passes. */
async function clear({ harness, ann, bob, eve }: Scene, taskBudgetMs = 3_000): Promise<void> {
  harness.lost.clear();
  for (let hop = 0; hop < 12; hop += 1) {
    await harness.pass(taskBudgetMs);
    for (const reader of [ann, bob, eve]) {
      await reader.fill();
      await reader.ack();
    }
  }
}

const push = ({ harness, room }: Scene, data: string, onceAs?: string) =>
  harness.push(room, data, onceAs === undefined ? {} : { messageId: `${room}-${onceAs}` });
const publishOnce = ({ harness, room, ann }: Scene) =>
  publish(harness.deps, ann.page.caller, {
    ...{ action: "publish", roomId: room, eventName: "test", rawData: '"published"', clientMessageId: "c-1" },
  });
const check = ({ harness, room }: Scene) => {
  harness.checks.length = 0;
  const reportUndelivered = async () => {};
  return runAckCheck({ ...harness.ackCheckDeps, reportUndelivered }, { kind: "room", roomId: room, hop: 0 });
};
/** Until the caller has had its answer: from then on nothing but the server's own looks can make it good. */
const losePosts = async ({ harness, ann, bob }: Scene) => {
  // Nobody is coming in any more, for whose sake there would be a look anyway.
  await harness.pass(31_000);
  for (const { page } of [ann, bob]) harness.lost.add(page.connectionId);
};
const received = new WeakMap<Harness, FanOutTask[]>();
/** A worker gets what is in the queue. */
const workAtTasks = async ({ harness }: Scene) => {
  const tasks = harness.tasks.splice(0).map(({ task }) => task);
  received.set(harness, tasks);
  for (const task of tasks) await harness.work(task);
};
/** It has not said that it is done, so that the queue shows all of it again. */
const showAgain = async (scene: Scene) => {
  const { harness } = scene;
  const atMs = harness.nowMs + visibilityMs;
  harness.tasks.push(...(received.get(harness) ?? []).map((task) => ({ task, atMs })));
  await clear(scene, visibilityMs / 10);
};
const isAnswered = (reply: { data: { code: string } }, code: string) => expect(reply.data.code).toBe(code);

const operations: Operation[] = [
  {
    name: "a push with a messageId, sent again",
    work: (scene) => push(scene, '"once"', "m-1"),
    retry: (scene) => push(scene, '"once"', "m-1"),
    sees: ({ ann, bob }) => [
      [ann, ["once"]],
      [bob, ["once"]],
    ],
  },
  {
    name: "a push with a messageId, sent again after its number was given up",
    work: (scene) => push(scene, '"once"', "m-1"),
    retry: async (scene) => {
      await scene.harness.pass(3_000);
      await push(scene, '"later"');
      await clear(scene);
      await push(scene, '"once"', "m-1");
    },
    sees: ({ ann, bob }) => [
      [ann, ["once", "later"]],
      [bob, ["once", "later"]],
    ],
  },
  {
    name: "a push that nobody repeats",
    work: (scene) => push(scene, '"maybe"'),
    retry: (scene) => push(scene, '"next"'),
    sees: ({ ann, bob }) => [
      [ann, ["maybe", "next"]],
      [bob, ["maybe", "next"]],
    ],
  },
  {
    name: "a push whose posts are all lost, sent again",
    given: losePosts,
    work: (scene) => push(scene, '"once"', "m-1"),
    retry: (scene) => push(scene, '"once"', "m-1"),
    sees: ({ ann, bob }) => [
      [ann, ["once"]],
      [bob, ["once"]],
    ],
  },
  {
    name: "a push to a large room, sent again",
    isLarge: true,
    work: (scene) => push(scene, '"once"', "m-1"),
    retry: (scene) => push(scene, '"once"', "m-1"),
    sees: ({ ann, bob }) => [
      [ann, ["once"]],
      [bob, ["once"]],
    ],
  },
  {
    name: "a push to a large room that nobody repeats",
    isLarge: true,
    work: (scene) => push(scene, '"maybe"'),
    retry: (scene) => push(scene, '"next"'),
    sees: ({ ann, bob }) => [
      [ann, ["maybe", "next"]],
      [bob, ["maybe", "next"]],
    ],
  },
  {
    name: "a fan-out task",
    isLarge: true,
    given: (scene) => push(scene, '"once"').then(() => {}),
    work: workAtTasks,
    retry: showAgain,
    sees: ({ ann, bob }) => [
      [ann, ["once"]],
      [bob, ["once"]],
    ],
  },
  {
    name: "a fan-out task that takes another message along",
    isLarge: true,
    given: async (scene) => {
      await push(scene, "1");
      await push(scene, "2");
    },
    work: workAtTasks,
    retry: showAgain,
    sees: ({ ann, bob }) => [
      [ann, [1, 2]],
      [bob, [1, 2]],
    ],
  },
  {
    name: "a fan-out task with a post that is refused",
    isLarge: true,
    given: async (scene) => {
      await push(scene, '"once"');
      scene.harness.outcomes.set(scene.bob.page.connectionId, "failed");
    },
    work: workAtTasks,
    retry: async (scene) => {
      scene.harness.outcomes.clear();
      await showAgain(scene);
    },
    sees: ({ ann, bob }) => [
      [ann, ["once"]],
      [bob, ["once"]],
    ],
  },
  {
    name: "a fan-out task whose round is over",
    isLarge: true,
    given: async (scene) => {
      const { harness } = scene;
      await push(scene, '"once"');
      intercept(harness.deps.gateway, "post", (post) => (connectionId, text) => {
        harness.nowMs += 20_001;
        return post(connectionId, text);
      });
    },
    work: workAtTasks,
    retry: showAgain,
    sees: ({ ann, bob }) => [
      [ann, ["once"]],
      [bob, ["once"]],
    ],
  },
  {
    name: "a publish whose posts are all lost, sent again",
    given: losePosts,
    work: publishOnce,
    retry: publishOnce,
    sees: ({ ann, bob }) => [
      [ann, ["published"]],
      [bob, ["published"]],
    ],
  },
  {
    name: "a publish, sent again",
    work: publishOnce,
    retry: async (scene) => isAnswered(await publishOnce(scene), "2010"),
    sees: ({ ann, bob }) => [
      [ann, ["published"]],
      [bob, ["published"]],
    ],
  },
  {
    name: "an ack",
    given: (scene) => push(scene, "1").then(() => {}),
    work: ({ ann }) => ann.ack(),
    retry: async (scene) => {
      await push(scene, "2");
      await scene.ann.ack();
    },
    sees: ({ ann, bob }) => [
      [ann, [1, 2]],
      [bob, [1, 2]],
    ],
  },
  {
    name: "a look at a room whose posts were lost",
    given: async (scene) => {
      const { harness, ann, bob } = scene;
      for (const { page } of [ann, bob]) harness.lost.add(page.connectionId);
      await push(scene, "1");
      harness.lost.clear();
      harness.nowMs += 5_000;
    },
    work: check,
    retry: check,
    sees: ({ ann, bob }) => [
      [ann, [1]],
      [bob, [1]],
    ],
  },
  {
    name: "a hello that restores a room, on a new connection",
    given: async (scene) => {
      await scene.bob.page.close();
      await push(scene, "1");
    },
    work: ({ bob }) => bob.page.open(),
    retry: async (scene) => {
      await push(scene, "2");
      await scene.bob.page.open();
      expect(scene.bob.page.isIn(scene.room)).toBe(true);
    },
    sees: ({ ann, bob }) => [
      [ann, [1, 2]],
      [bob, [1, 2]],
    ],
  },
  {
    name: "the end of a connection",
    given: (scene) => push(scene, "1").then(() => {}),
    work: ({ bob }) => bob.page.close(),
    retry: async (scene) => {
      await push(scene, "2");
      await scene.bob.page.open();
    },
    sees: ({ ann, bob }) => [
      [ann, [1, 2]],
      [bob, [1, 2]],
    ],
  },
  ...loginPolicies.map(
    (type): Operation => ({
      name: `a login by ${type}`,
      given: async ({ room, ann, bob }) => {
        if (type !== "loginWhenFirst") return;
        await ann.page.leave(room);
        bob.page.goStale();
      },
      work: ({ room, eve }) => eve.login(room, type),
      retry: async (scene) => {
        const { room, eve } = scene;
        const reply = await eve.login(room, type);
        isAnswered(reply, "2002");
        await push(scene, "1");
      },
      sees: ({ ann, bob, eve }) => [
        [eve, [1]],
        ...(type === "loginWhenever" ? [ann, bob] : []).map((reader): [AckingPage, unknown[]] => [reader, [1]]),
      ],
    }),
  ),
  {
    name: "leaving a room",
    work: ({ harness, room, bob }) => leaveRoom(harness.deps, bob.page.caller, { action: "leaveRoom", roomId: room }),
    retry: async (scene) => {
      await scene.bob.page.leave(scene.room);
      await push(scene, "1");
    },
    sees: ({ ann, bob }) => [
      [ann, [1]],
      [bob, []],
    ],
  },
];

async function begin({ given, isLarge }: Operation): Promise<Scene> {
  const scene = await open(isLarge);
  await given?.(scene);
  return scene;
}

describe.each(operations.map((operation) => [operation.name, operation] as const))("%s", (_, operation) => {
  test("loses nothing and locks nobody out, wherever the Lambda dies", async () => {
    const counted = await begin(operation);
    const calls = await countCalls(counted.harness, () => operation.work(counted));
    expect(calls).toBeGreaterThan(0);
    for (let call = 1; call <= calls; call += 1) {
      for (const moment of ["before", "after"] as const) {
        const scene = await begin(operation);
        await crash(scene.harness, () => operation.work(scene), { call, moment });
        await operation.retry(scene);
        await clear(scene);
        await verify(scene, operation, `${moment} call ${call} of ${calls}`);
      }
    }
  });
});

async function verify(scene: Scene, { name, sees }: Operation, where: string): Promise<void> {
  const { harness, room, eve, ann } = scene;
  for (const [reader, wanted] of sees(scene)) {
    const saw = reader.dataOf(room);
    // Nobody was told that the one that died was accepted: it may be there or not, but for all alike.
    const mayMiss = name.includes("nobody repeats") && !saw.includes("maybe");
    const expected = mayMiss ? wanted.filter((data) => data !== "maybe") : wanted;
    const isSorted = name.includes("given up");
    expect(isSorted ? [...saw].sort() : saw, where).toEqual(isSorted ? [...expected].sort() : expected);
    expect(reader.resets, where).toEqual([]);
    expect(reader.refusals, where).toEqual([]);
  }
  const [first, ...others] = sees(scene).map(([reader]) => reader);
  for (const other of others) {
    if (!name.includes("leaving")) expect(other.dataOf(room), where).toEqual(first?.dataOf(room));
  }
  // Nobody waits for messages of a room that they were put out of.
  for (const { page } of [ann, scene.bob, eve].filter(
    ({ page }) => page.connectionState === "open" && page.isIn(room),
  )) {
    expect(await harness.unwatched.members.get(room, page.session), `${where}: who believes to be in`).toBeDefined();
  }
  // Nobody is locked out: whoever is there can be put out, whoever is gone is taken over from.
  for (const { page } of [ann, scene.bob, eve]) await page.close({ isReported: false });
  const late = await harness.connect();
  expect((await late.login(room)).data.code, where).toBe("2002");
}
