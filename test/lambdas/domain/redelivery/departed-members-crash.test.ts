import { describe, expect, test } from "vitest";
import { runAckCheck } from "../../../../lambdas/domain/redelivery/run-ack-check.ts";
import { AckingPage } from "../../../support/acking-page.ts";
import { countCalls, crash } from "../../../support/crash.ts";
import { Harness } from "../../../support/harness.ts";
import { openInMemoryTables } from "../../../support/in-memory-tables.ts";
import { sharedTables } from "../../../support/shared-tables.ts";

// A departed session's unacked messages are reported, wherever the function dies: twice rather than never.

const tables = sharedTables(openInMemoryTables);

interface Scene {
  harness: Harness;
  room: string;
  ann: AckingPage;
  bob: AckingPage;
}

async function begin(): Promise<Scene> {
  const harness = new Harness(tables.client);
  const room = `room-${harness.nextId()}`;
  const [ann, bob] = [await AckingPage.open(harness), await AckingPage.open(harness)];
  for (const reader of [ann, bob]) await reader.login(room, "loginWhenever");
  await harness.pass(31_000);
  const scene = { harness, room, ann, bob };
  await pushPast(scene);
  return scene;
}
/** Pushes a message that bob acks and that ann does not receive. */
async function pushPast({ harness, room, ann, bob }: Scene): Promise<void> {
  harness.lost.add(ann.page.connectionId);
  await harness.push(room);
  harness.lost.clear();
  await bob.ack();
}
/** The next scheduled ack check. The queue delivers it again if it fails. */
const nextCheck = async ({ harness }: Scene) => {
  const next = harness.checks.toSorted((a, b) => a.atMs - b.atMs)[0];
  if (!next) throw new Error("no ack check is scheduled");
  harness.nowMs = Math.max(harness.nowMs, next.atMs);
  harness.checks.splice(harness.checks.indexOf(next), 1);
  return { work: () => runAckCheck(harness.ackCheckDeps, next.check), again: () => harness.checks.push(next) };
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
    name: "the end of a connection, right after the push",
    prepare: async ({ ann }) => ({ work: () => ann.page.close() }),
  },
  {
    name: "the end of a connection, between two redeliveries",
    given: async ({ harness, ann }) => {
      harness.lost.add(ann.page.connectionId);
      await harness.pass(20_000);
      harness.lost.clear();
    },
    prepare: async ({ ann }) => ({ work: () => ann.page.close() }),
  },
  {
    name: "the ack check that finds the connection gone",
    given: ({ ann }) => ann.page.close({ isReported: false }),
    prepare: nextCheck,
  },
  {
    name: "the ack check that reports",
    given: async ({ harness, ann }) => {
      await ann.page.close();
      await harness.pass(6_000);
    },
    prepare: nextCheck,
  },
  {
    name: "the ack check that reports only the first of two messages",
    messages: 2,
    given: async (scene) => {
      const { harness, ann } = scene;
      await harness.pass(4_000);
      await pushPast(scene);
      await ann.page.close();
      await harness.pass(6_000);
    },
    prepare: nextCheck,
  },
];

describe.each(operations.map((operation) => [operation.name, operation] as const))("%s", (_, operation) => {
  test("loses no report, wherever the function dies", async () => {
    const open = async () => {
      const scene = await begin();
      await operation.given?.(scene);
      return { scene, ...(await operation.prepare(scene)) };
    };
    const counted = await open();
    const calls = await countCalls(counted.scene.harness, counted.work);
    expect(calls).toBeGreaterThan(0);
    for (let call = 1; call <= calls; call += 1) {
      for (const moment of ["before", "after"] as const) {
        const { scene, work, again } = await open();
        const { harness, ann, room } = scene;
        await crash(harness, work, { call, moment });
        ann.page.connectionState = "closed";
        again?.();
        await harness.pass(600_000);
        const where = `${moment} call ${call} of ${calls}`;
        const reported = harness.undelivered.map(({ subject, roomId, seq }) => [subject, roomId, seq]);
        for (let seq = 1; seq <= (operation.messages ?? 1); seq += 1) {
          const times = reported.filter((report) => report[2] === seq);
          expect(times, `message ${seq}, ${where}`).toContainEqual([ann.page.subject, room, seq]);
          expect(times.length, `message ${seq}, ${where}`).toBeLessThanOrEqual(2);
        }
        expect(harness.checks, where).toEqual([]);
      }
    }
  });
});
