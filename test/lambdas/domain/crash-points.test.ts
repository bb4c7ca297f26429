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

// A function dies at each of its calls, right before the call takes effect and right after. A run without a crash counts
// the calls.

const tables = sharedTables(openInMemoryTables);

interface Scene {
  harness: Harness;
  room: string;
  /** Two members that acknowledge. */
  ann: AckingPage;
  bob: AckingPage;
  /** Not a member yet. */
  eve: AckingPage;
}

/** An operation, and what its caller does without a response. */
interface Operation {
  name: string;
  /** The rows of the room fill more than a page, so fan-out workers post to its parts. */
  isLarge?: boolean;
  /** What happens before. */
  given?(scene: Scene): Promise<void>;
  work(scene: Scene): Promise<unknown>;
  retry(scene: Scene): Promise<unknown>;
  /** What each page that is a member shows in the end. */
  expected(scene: Scene): [AckingPage, unknown[]][];
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

/** Lets time pass, in which clients replay and acknowledge. */
async function settle({ harness, ann, bob, eve }: Scene, stepMs = 3_000): Promise<void> {
  harness.lost.clear();
  for (let i = 0; i < 12; i += 1) {
    await harness.pass(stepMs);
    for (const ackingPage of [ann, bob, eve]) {
      await ackingPage.fill();
      await ackingPage.ack();
    }
  }
}

const push = ({ harness, room }: Scene, data: string, idempotencyKey?: string) =>
  harness.push(room, data, idempotencyKey === undefined ? {} : { messageId: `${room}-${idempotencyKey}` });
const publishOnce = ({ harness, room, ann }: Scene) =>
  publish(harness.deps, ann.page.caller, {
    ...{ action: "publish", roomId: room, eventName: "test", rawData: '"published"', clientMessageId: "c-1" },
  });
const check = ({ harness, room }: Scene) => {
  harness.checks.length = 0;
  const reportUndelivered = async () => {};
  return runAckCheck({ ...harness.ackCheckDeps, reportUndelivered }, { kind: "room", roomId: room, hop: 0 });
};
/** Until the operation has ended: then only ack checks can redeliver. */
const losePosts = async ({ harness, ann, bob }: Scene) => {
  // The leases of the logins have expired: no check is scheduled for a pending login.
  await harness.pass(31_000);
  for (const { page } of [ann, bob]) harness.lost.add(page.connectionId);
};
const received = new WeakMap<Harness, FanOutTask[]>();
/** A worker receives the tasks in the queue. */
const runTasks = async ({ harness }: Scene) => {
  const tasks = harness.tasks.splice(0).map(({ task }) => task);
  received.set(harness, tasks);
  for (const task of tasks) await harness.work(task);
};
/** The worker has not deleted the tasks, so the queue delivers them again. */
const receiveAgain = async (scene: Scene) => {
  const { harness } = scene;
  const atMs = harness.nowMs + visibilityMs;
  harness.tasks.push(...(received.get(harness) ?? []).map((task) => ({ task, atMs })));
  await settle(scene, visibilityMs / 10);
};
const expectCode = (reply: { data: { code: string } }, code: string) => expect(reply.data.code).toBe(code);

const operations: Operation[] = [
  {
    name: "a push with a messageId, sent again",
    work: (scene) => push(scene, '"once"', "m-1"),
    retry: (scene) => push(scene, '"once"', "m-1"),
    expected: ({ ann, bob }) => [
      [ann, ["once"]],
      [bob, ["once"]],
    ],
  },
  {
    name: "a push with a messageId, sent again after its number got a tombstone",
    work: (scene) => push(scene, '"once"', "m-1"),
    retry: async (scene) => {
      await scene.harness.pass(3_000);
      await push(scene, '"later"');
      await settle(scene);
      await push(scene, '"once"', "m-1");
    },
    expected: ({ ann, bob }) => [
      [ann, ["once", "later"]],
      [bob, ["once", "later"]],
    ],
  },
  {
    name: "a push that is not repeated",
    work: (scene) => push(scene, '"maybe"'),
    retry: (scene) => push(scene, '"next"'),
    expected: ({ ann, bob }) => [
      [ann, ["maybe", "next"]],
      [bob, ["maybe", "next"]],
    ],
  },
  {
    name: "a push whose posts are all lost, sent again",
    given: losePosts,
    work: (scene) => push(scene, '"once"', "m-1"),
    retry: (scene) => push(scene, '"once"', "m-1"),
    expected: ({ ann, bob }) => [
      [ann, ["once"]],
      [bob, ["once"]],
    ],
  },
  {
    name: "a push to a large room, sent again",
    isLarge: true,
    work: (scene) => push(scene, '"once"', "m-1"),
    retry: (scene) => push(scene, '"once"', "m-1"),
    expected: ({ ann, bob }) => [
      [ann, ["once"]],
      [bob, ["once"]],
    ],
  },
  {
    name: "a push to a large room that is not repeated",
    isLarge: true,
    work: (scene) => push(scene, '"maybe"'),
    retry: (scene) => push(scene, '"next"'),
    expected: ({ ann, bob }) => [
      [ann, ["maybe", "next"]],
      [bob, ["maybe", "next"]],
    ],
  },
  {
    name: "a fan-out task",
    isLarge: true,
    given: (scene) => push(scene, '"once"').then(() => {}),
    work: runTasks,
    retry: receiveAgain,
    expected: ({ ann, bob }) => [
      [ann, ["once"]],
      [bob, ["once"]],
    ],
  },
  {
    name: "a fan-out task that is coalesced with another",
    isLarge: true,
    given: async (scene) => {
      await push(scene, "1");
      await push(scene, "2");
    },
    work: runTasks,
    retry: receiveAgain,
    expected: ({ ann, bob }) => [
      [ann, [1, 2]],
      [bob, [1, 2]],
    ],
  },
  {
    name: "a fan-out task with a post that fails",
    isLarge: true,
    given: async (scene) => {
      await push(scene, '"once"');
      scene.harness.outcomes.set(scene.bob.page.connectionId, "failed");
    },
    work: runTasks,
    retry: async (scene) => {
      scene.harness.outcomes.clear();
      await receiveAgain(scene);
    },
    expected: ({ ann, bob }) => [
      [ann, ["once"]],
      [bob, ["once"]],
    ],
  },
  {
    name: "a fan-out task whose time is over",
    isLarge: true,
    given: async (scene) => {
      const { harness } = scene;
      await push(scene, '"once"');
      const { post } = harness.deps.gateway;
      intercept(harness.deps.gateway, "post", () => (connectionId, text) => {
        harness.nowMs += 20_001;
        return post(connectionId, text);
      });
    },
    work: runTasks,
    retry: receiveAgain,
    expected: ({ ann, bob }) => [
      [ann, ["once"]],
      [bob, ["once"]],
    ],
  },
  {
    name: "a publish whose posts are all lost, sent again",
    given: losePosts,
    work: publishOnce,
    retry: publishOnce,
    expected: ({ ann, bob }) => [
      [ann, ["published"]],
      [bob, ["published"]],
    ],
  },
  {
    name: "a publish, sent again",
    work: publishOnce,
    retry: async (scene) => expectCode(await publishOnce(scene), "2010"),
    expected: ({ ann, bob }) => [
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
    expected: ({ ann, bob }) => [
      [ann, [1, 2]],
      [bob, [1, 2]],
    ],
  },
  {
    name: "an ack check of a room whose posts were lost",
    given: async (scene) => {
      const { harness, ann, bob } = scene;
      for (const { page } of [ann, bob]) harness.lost.add(page.connectionId);
      await push(scene, "1");
      harness.lost.clear();
      harness.nowMs += 5_000;
    },
    work: check,
    retry: check,
    expected: ({ ann, bob }) => [
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
    expected: ({ ann, bob }) => [
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
    expected: ({ ann, bob }) => [
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
        expectCode(reply, "2002");
        await push(scene, "1");
      },
      expected: ({ ann, bob, eve }) => [
        [eve, [1]],
        ...(type === "loginWhenever" ? [ann, bob] : []).map((ackingPage): [AckingPage, unknown[]] => [ackingPage, [1]]),
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
    expected: ({ ann, bob }) => [
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
  test("loses no message and blocks no login, wherever the function dies", async () => {
    const counted = await begin(operation);
    const calls = await countCalls(counted.harness, () => operation.work(counted));
    expect(calls).toBeGreaterThan(0);
    for (let call = 1; call <= calls; call += 1) {
      for (const moment of ["before", "after"] as const) {
        const scene = await begin(operation);
        await crash(scene.harness, () => operation.work(scene), { call, moment });
        await operation.retry(scene);
        await settle(scene);
        await verify(scene, operation, `${moment} call ${call} of ${calls}`);
      }
    }
  });
});

async function verify(scene: Scene, { name, expected }: Operation, where: string): Promise<void> {
  const { harness, room, eve, ann } = scene;
  for (const [ackingPage, accepted] of expected(scene)) {
    const shown = ackingPage.dataOf(room);
    // The push was not accepted, so the message may be missing, but then for all members.
    const mayMiss = name.includes("not repeated") && !shown.includes("maybe");
    const wanted = mayMiss ? accepted.filter((data) => data !== "maybe") : accepted;
    const isSorted = name.includes("tombstone");
    expect(isSorted ? [...shown].sort() : shown, where).toEqual(isSorted ? [...wanted].sort() : wanted);
    expect(ackingPage.resets, where).toEqual([]);
    expect(ackingPage.refusals, where).toEqual([]);
  }
  const [first, ...others] = expected(scene).map(([ackingPage]) => ackingPage);
  for (const other of others) {
    if (!name.includes("leaving")) expect(other.dataOf(room), where).toEqual(first?.dataOf(room));
  }
  // No page that was evicted believes to be a member.
  for (const { page } of [ann, scene.bob, eve].filter(
    ({ page }) => page.connectionState === "open" && page.isIn(room),
  )) {
    expect(
      await harness.unwatched.members.get(room, page.session),
      `${where}: a page believes to be a member`,
    ).toBeDefined();
  }
  // No login is blocked: a new page takes over from stale members.
  for (const { page } of [ann, scene.bob, eve]) await page.close({ isReported: false });
  const late = await harness.connect();
  expect((await late.login(room)).data.code, where).toBe("2002");
}
