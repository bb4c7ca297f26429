import { describe, expect, test } from "vitest";
import { checkRoom } from "../../../../lambdas/domain/redelivery/check-room.ts";
import { countCalls, crash } from "../../../support/crash.ts";
import { openQuickTables } from "../../../support/quick-tables.ts";
import { Reader } from "../../../support/reader.ts";
import { tablesForAll } from "../../../support/tables-for-all.ts";
import { World } from "../../../support/world.ts";

// Whoever went without an ack is reported, wherever the Lambda that noticed it dies: rather twice than never.

const tables = tablesForAll(openQuickTables);

interface Scene {
  world: World;
  room: string;
  ann: Reader;
  bob: Reader;
}

async function begin(): Promise<Scene> {
  const world = new World(tables.client);
  const room = `room-${world.nextId()}`;
  const [ann, bob] = [await Reader.open(world), await Reader.open(world)];
  for (const reader of [ann, bob]) await reader.login(room, "loginWhenever");
  await world.pass(31_000);
  const scene = { world, room, ann, bob };
  await pushPast(scene);
  return scene;
}
/** Pushes a message that bob acks and that ann does not receive. */
async function pushPast({ world, room, ann, bob }: Scene): Promise<void> {
  world.lost.add(ann.page.connectionId);
  await world.push(room);
  world.lost.clear();
  await bob.ack();
}
/** The queue shows a look again that was not made to its end. */
const nextCheck = async ({ world }: Scene) => {
  const next = world.checks.toSorted((a, b) => a.atMs - b.atMs)[0];
  if (!next) throw new Error("no look is ordered");
  world.nowMs = Math.max(world.nowMs, next.atMs);
  world.checks.splice(world.checks.indexOf(next), 1);
  return { work: () => checkRoom(world.ackCheckDeps, next.check), again: () => world.checks.push(next) };
};

interface Operation {
  name: string;
  /** Number of messages that ann misses before the operation ends; 1 if absent. */
  messages?: number;
  given?(scene: Scene): Promise<void>;
  prepare(scene: Scene): Promise<{ work(): Promise<unknown>; again?(): void }>;
}
const operations: Operation[] = [
  {
    name: "the end of a connection, right behind the push",
    prepare: async ({ ann }) => ({ work: () => ann.page.close() }),
  },
  {
    name: "the end of a connection, between two tries",
    given: async ({ world, ann }) => {
      world.lost.add(ann.page.connectionId);
      await world.pass(20_000);
      world.lost.clear();
    },
    prepare: async ({ ann }) => ({ work: () => ann.page.close() }),
  },
  {
    name: "the look that finds the connection gone",
    given: ({ ann }) => ann.page.close({ tells: false }),
    prepare: nextCheck,
  },
  {
    name: "the look that reports",
    given: async ({ world, ann }) => {
      await ann.page.close();
      await world.pass(6_000);
    },
    prepare: nextCheck,
  },
  {
    name: "the ack check that reports only the first of two messages",
    messages: 2,
    given: async (scene) => {
      const { world, ann } = scene;
      await world.pass(4_000);
      await pushPast(scene);
      await ann.page.close();
      await world.pass(6_000);
    },
    prepare: nextCheck,
  },
];

describe.each(operations.map((operation) => [operation.name, operation] as const))("%s", (_, operation) => {
  test("loses no report, wherever the Lambda dies", async () => {
    const open = async () => {
      const scene = await begin();
      await operation.given?.(scene);
      return { scene, ...(await operation.prepare(scene)) };
    };
    const counted = await open();
    const calls = await countCalls(counted.scene.world, counted.work);
    expect(calls).toBeGreaterThan(0);
    for (let call = 1; call <= calls; call += 1) {
      for (const moment of ["before", "after"] as const) {
        const { scene, work, again } = await open();
        const { world, ann, room } = scene;
        await crash(world, work, { call, moment });
        ann.page.line = "closed";
        again?.();
        await world.pass(600_000);
        const where = `${moment} call ${call} of ${calls}`;
        const reported = world.undelivered.map(({ subject, roomId, seq }) => [subject, roomId, seq]);
        for (let seq = 1; seq <= (operation.messages ?? 1); seq += 1) {
          const times = reported.filter((report) => report[2] === seq);
          expect(times, `message ${seq}, ${where}`).toContainEqual([ann.page.subject, room, seq]);
          expect(times.length, `message ${seq}, ${where}`).toBeLessThanOrEqual(2);
        }
        expect(world.checks, where).toEqual([]);
      }
    }
  });
});
