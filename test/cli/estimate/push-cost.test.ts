import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  ackWithinSeconds,
  fanOut,
  mostTries,
  paceBurstSeconds,
  partsOfEveryone,
  partsOfRoom,
  redeliverAfterSeconds,
  workerPace,
  workersFor,
} from "../../../cli/estimate/architecture.ts";
import { withDefaults } from "../../../cli/estimate/arguments.ts";
import { billedFor } from "../../../cli/estimate/operations.ts";
import { postsAtOnce } from "../../../cli/estimate/prices.ts";
import { everyonePush, roomPush, tasksIn } from "../../../cli/estimate/push-cost.ts";
import { defaults } from "../../../cli/estimate/scenario.ts";
import * as deliver from "../../../lambdas/domain/delivery/deliver.ts";
import * as plan from "../../../lambdas/domain/fan-out/plan.ts";
import { recordEveryMs } from "../../../lambdas/domain/fan-out/run-task.ts";
import * as roomSize from "../../../lambdas/domain/model/room-size.ts";
import * as ackWait from "../../../lambdas/domain/schedule/ack-wait.ts";
import { maxHops } from "../../../lambdas/domain/schedule/max-hops.ts";
import { burstMs } from "../../../lambdas/domain/send/rate-limiter.ts";
import { resolveProps } from "../../../lib/downlink-props.ts";
import { rateBudget, fanOutWorkers as workersOfStack } from "../../../lib/rate-budget.ts";

describe("the estimate reckons with the stack as it is", () => {
  const anyPace = fc.oneof(fc.integer({ min: 2, max: 20_000 }), fc.integer({ min: 2, max: 1_000_000 }));

  test("workers, at any pace", () => {
    fc.assert(fc.property(anyPace, (postsPerSecond) => workersFor(postsPerSecond) === workersOfStack(postsPerSecond)));
  });

  test("parts of everyone, at any pace", () => {
    fc.assert(
      fc.property(anyPace, (postsPerSecond) => {
        const limits = { postsPerSecond: rateBudget(postsPerSecond).fanOut, workers: workersOfStack(postsPerSecond) };
        expect(partsOfEveryone(postsPerSecond)).toBe(plan.partsFor({ seen: 251 }, limits));
      }),
    );
  });

  test("parts of a room, of any size at any pace", () => {
    fc.assert(
      fc.property(anyPace, fc.integer({ min: 251, max: 10_000_000 }), (postsPerSecond, members) => {
        const limits = { postsPerSecond: rateBudget(postsPerSecond).fanOut, workers: workersOfStack(postsPerSecond) };
        expect(partsOfRoom(members, postsPerSecond)).toBe(plan.partsFor({ seen: members, share: 1 }, limits));
      }),
    );
  });

  test("within how long a room of any size is acked", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 10_000_000 }), (members) => {
        const ms = roomSize.ackWithinMs("456", { seen: members, share: 1 }) ?? 250;
        expect(ackWithinSeconds(members)).toBe(ms / 1000);
      }),
    );
  });

  test("what is posted to at once, rounds, notes, pace and tries", () => {
    expect(fanOut).toMatchObject({
      inlineMembers: roomSize.inlineMembers,
      roundSeconds: plan.taskBudgetMs / 1000,
      mostRounds: maxHops,
      notesPerSecond: 1000 / recordEveryMs,
    });
    expect(paceBurstSeconds).toBe(burstMs / 1000);
    expect(postsAtOnce).toBe(deliver.postConcurrency);
    expect(mostTries).toBe(ackWait.maxRedeliveries);
  });

  test("its defaults", () => {
    const { postsPerSecond, socketRateLimit, redeliverAfterSeconds: redeliverAfter } = resolveProps({});
    expect(defaults).toMatchObject({ postsPerSecond, socketRateLimit });
    expect(String(redeliverAfterSeconds)).toBe(redeliverAfter);
  });
});

describe("a push by way of the queue", () => {
  const question = withDefaults({ connections: 1_000, rooms: 1, qos: 0 });

  test.each([
    [0, "push at qos 0 to 1 member", "push at qos 0 to 1,000 members"],
    [1, "push to 10 members", "push to 1,000 members"],
  ] as const)("at qos %i makes the requests of a task that were counted", (_, small, large) => {
    const [itself, all] = [billedFor(small), billedFor(large)];
    const tasks = tasksIn(large);
    expect(tasks).toBeGreaterThan(0);
    // The push notes the number of parts, and orders all of them at once.
    expect(all.writeUnits).toBe(itself.writeUnits + 1 + tasks * fanOut.writesPerRun);
    expect(all.queueRequests).toBe(itself.queueRequests + 1 + tasks * fanOut.queueRequestsPerRun);
    expect(all.lambdaRequests).toBe(itself.lambdaRequests + tasks);
  });

  test.each([0, 1] as const)("to 1,000 members costs at qos %i what was counted, reads within a tenth", (qos) => {
    const counted = billedFor(qos === 0 ? "push at qos 0 to 1,000 members" : "push to 1,000 members");
    const tasks = tasksIn(qos === 0 ? "push at qos 0 to 1,000 members" : "push to 1,000 members");
    const missing = partsOfRoom(1_000, question.postsPerSecond) - tasks;
    const { messages, writeUnits, readUnits, lambdaRequests } = roomPush({ ...question, qos }, 1_000, 1);
    expect(messages).toBe(1_000);
    expect(lambdaRequests).toBe(counted.lambdaRequests + missing);
    // Less than a second at the pace of a worker: none notes in between.
    expect(writeUnits).toBe(counted.writeUnits + missing * fanOut.writesPerRun);
    expect(Math.abs(readUnits / counted.readUnits - 1)).toBeLessThan(0.1);
  });

  test("to twice as many members is twice the messages, and a look less where one was ordered already", () => {
    const of = (members: number, looks: number) => roomPush({ ...question, qos: 1 }, members, looks);
    expect(of(200_000, 1).messages).toBe(2 * of(100_000, 1).messages);
    expect(of(100_000, 1).queueRequests - of(100_000, 0).queueRequests).toBeCloseTo(1, 9);
  });

  test("runs once for each started 22 s of a task's posts, and notes once a second", () => {
    const million = withDefaults({ connections: 1e6, qos: 0 });
    const secondsOfTask = 1e6 / 40 / workerPace(million.postsPerSecond);
    const { lambdaRequests, writeUnits, lambdaGbSeconds } = everyonePush(million);
    expect(lambdaRequests).toBe(1 + 40 * Math.ceil(secondsOfTask / 20));
    expect(writeUnits).toBe(1 + 40 * (2 + Math.floor(secondsOfTask) + 3));
    expect(lambdaGbSeconds).toBeCloseTo((40 * secondsOfTask * 1_769) / 1_024, -2);
  });

  test("to everyone makes no tasks while they are few", () => {
    const of = (connections: number) => everyonePush(withDefaults({ connections, qos: 0 })).lambdaRequests;
    expect([of(250), of(251)]).toEqual([1, 41]);
  });

  test("never costs less than nothing, whatever the size", () => {
    fc.assert(
      fc.property(fc.integer({ min: 251, max: 1e6 }), fc.constantFrom(0 as const, 1 as const), (members, qos) => {
        const billed = roomPush({ ...question, qos }, members, 0);
        expect(Math.min(...Object.values(billed))).toBeGreaterThanOrEqual(0);
      }),
    );
  });
});
