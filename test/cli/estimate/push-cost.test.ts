import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  fanOutRate,
  partsOfRoom,
  redeliverAfterSeconds,
  taskRun,
  workerRate,
  workersFor,
} from "../../../cli/estimate/architecture.ts";
import { withDefaults } from "../../../cli/estimate/arguments.ts";
import { billedFor } from "../../../cli/estimate/operations.ts";
import { everyonePush, roomPush, tasksIn } from "../../../cli/estimate/push-cost.ts";
import { defaults } from "../../../cli/estimate/scenario.ts";
import { resolveProps } from "../../../lib/downlink-props.ts";
import { fanOutWorkers, rateBudget } from "../../../lib/rate-budget.ts";

describe("the estimate uses the figures of the deployed stack", () => {
  test("workers and the rate of fan-outs, at any postsPerSecond", () => {
    const anyRate = fc.oneof(fc.integer({ min: 2, max: 20_000 }), fc.integer({ min: 2, max: 1_000_000 }));
    fc.assert(
      fc.property(anyRate, (postsPerSecond) => {
        expect(workersFor(postsPerSecond)).toBe(fanOutWorkers(postsPerSecond));
        expect(fanOutRate(postsPerSecond)).toBe(rateBudget(postsPerSecond).fanOut);
      }),
    );
  });

  test("defaults", () => {
    const { postsPerSecond, socketRateLimit, redeliverAfterSeconds: redeliverAfter } = resolveProps({});
    expect(defaults).toMatchObject({ postsPerSecond, socketRateLimit });
    expect(String(redeliverAfterSeconds)).toBe(redeliverAfter);
  });
});

describe("a push through the queue", () => {
  const scenario = withDefaults({ connections: 1_000, rooms: 1, qos: 0 });

  test.each([
    [0, "push at qos 0 to 1 member", "push at qos 0 to 1,000 members"],
    [1, "push to 10 members", "push to 1,000 members"],
  ] as const)("at qos %i uses the counted requests of a task", (_, small, large) => {
    const [itself, all] = [billedFor(small), billedFor(large)];
    const tasks = tasksIn(large);
    expect(tasks).toBeGreaterThan(0);
    // The push records the number of parts and enqueues all of them in one request.
    expect(all.writeUnits).toBe(itself.writeUnits + 1 + tasks * taskRun.writes);
    expect(all.queueRequests).toBe(itself.queueRequests + 1 + tasks * taskRun.queueRequests);
    expect(all.lambdaRequests).toBe(itself.lambdaRequests + tasks);
  });

  test.each([0, 1] as const)("to 1,000 members at qos %i costs the counted units, reads within a tenth", (qos) => {
    const counted = billedFor(qos === 0 ? "push at qos 0 to 1,000 members" : "push to 1,000 members");
    const tasks = tasksIn(qos === 0 ? "push at qos 0 to 1,000 members" : "push to 1,000 members");
    const missing = partsOfRoom(1_000, scenario.postsPerSecond) - tasks;
    const { messages, writeUnits, readUnits, lambdaRequests } = roomPush({ ...scenario, qos }, 1_000, 1);
    expect(messages).toBe(1_000);
    expect(lambdaRequests).toBe(counted.lambdaRequests + missing);
    // It takes less than a second at the rate of a worker, so no worker records progress before its end.
    expect(writeUnits).toBe(counted.writeUnits + missing * taskRun.writes);
    expect(Math.abs(readUnits / counted.readUnits - 1)).toBeLessThan(0.1);
  });

  test("to twice the members is twice the messages, and uses no ack check if one is already scheduled", () => {
    const of = (members: number, ackChecks: number) => roomPush({ ...scenario, qos: 1 }, members, ackChecks);
    expect(of(200_000, 1).messages).toBe(2 * of(100_000, 1).messages);
    expect(of(100_000, 1).queueRequests - of(100_000, 0).queueRequests).toBeCloseTo(1, 9);
  });

  test("runs once for each started 22 s of a task's posts, and records its progress once a second", () => {
    const million = withDefaults({ connections: 1e6, qos: 0 });
    const secondsOfTask = 1e6 / 40 / workerRate(million.postsPerSecond);
    const { lambdaRequests, writeUnits, lambdaGbSeconds } = everyonePush(million);
    expect(lambdaRequests).toBe(1 + 40 * Math.ceil(secondsOfTask / 20));
    expect(writeUnits).toBe(1 + 40 * (2 + Math.floor(secondsOfTask) + 3));
    expect(lambdaGbSeconds).toBeCloseTo((40 * secondsOfTask * 1_769) / 1_024, -2);
  });

  test("to few connections makes no tasks", () => {
    const of = (connections: number) => everyonePush(withDefaults({ connections, qos: 0 })).lambdaRequests;
    expect([of(250), of(251)]).toEqual([1, 41]);
  });

  test("has no negative cost at any size", () => {
    fc.assert(
      fc.property(fc.integer({ min: 251, max: 1e6 }), fc.constantFrom(0 as const, 1 as const), (members, qos) => {
        const billed = roomPush({ ...scenario, qos }, members, 0);
        expect(Math.min(...Object.values(billed))).toBeGreaterThanOrEqual(0);
      }),
    );
  });
});
