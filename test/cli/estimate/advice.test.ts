import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Advice, adviceFor } from "../../../cli/estimate/advice.ts";
import { withDefaults } from "../../../cli/estimate/arguments.ts";
import { quotasOf } from "../../../cli/estimate/quotas.ts";
import type { Scenario } from "../../../cli/estimate/scenario.ts";
import { everyoneTime, reconnectTimes } from "../../../cli/estimate/times.ts";

const scenarioOf = (connections: number, more: Partial<Scenario> = {}) =>
  withDefaults({ connections, pushesPerMinute: connections / 100, ...more });

const fields: Record<string, keyof Scenario> = {
  "API Gateway requests a second": "requestsPerSecond",
  "API Gateway new connections a second": "connectsPerSecond",
  postsPerSecond: "postsPerSecond",
  socketRateLimit: "socketRateLimit",
};
/** One cell with all advice applied. */
function followed(scenario: Scenario, advice: readonly Advice[]): Scenario {
  const cells = advice.find(({ what }) => what === "cells")?.to ?? 1;
  const { connections, rooms, pushesPerMinute } = scenario;
  const cell = {
    ...scenario,
    connections: Math.ceil(connections / cells),
    rooms: Math.round(rooms / cells),
    pushesPerMinute: pushesPerMinute / cells,
  };
  const changes = advice.flatMap(({ what, to }) => (fields[what] ? [[fields[what], to]] : []));
  return { ...cell, ...Object.fromEntries(changes) };
}

test("with the advice applied the goals are met, or reported as out of reach", () => {
  const anyScenario = fc.record({
    connections: fc.integer({ min: 3, max: 7 }).chain((size) => fc.integer({ min: 10 ** size, max: 9 * 10 ** size })),
    qos: fc.constantFrom(0 as const, 1 as const),
    everyoneWithinSeconds: fc.constantFrom(1, 5, 20, 60, 300),
  });
  fc.assert(
    fc.property(anyScenario, ({ connections, ...more }) => {
      const scenario = scenarioOf(connections, more);
      const better = followed(scenario, adviceFor(scenario));
      const missed = adviceFor(scenario).find(({ target }) => target === "goal");
      expect(everyoneTime(better).seconds).toBeLessThanOrEqual(missed?.to ?? scenario.everyoneWithinSeconds * 1.03);
      if (scenario.everyoneWithinSeconds >= 60) expect(missed).toBeUndefined();
      const [, nearlyAll] = reconnectTimes(better);
      expect(nearlyAll?.seconds).toBeLessThanOrEqual(scenario.backWithinSeconds);
    }),
    { numRuns: 60 },
  );
});

describe("advice", () => {
  const of = (scenario: Scenario) => Object.fromEntries(adviceFor(scenario).map(({ what, to }) => [what, to]));

  test("no changes for 10,000 connections", () => {
    expect(adviceFor(scenarioOf(10_000))).toEqual([]);
  });

  test("no other quota or limit for 100,000: a large push fits with its acks", () => {
    expect(Object.keys(of(scenarioOf(100_000)))).toEqual([expect.stringContaining("DynamoDB warm throughput")]);
  });

  test("a lower postsPerSecond where acks would exceed the quota", () => {
    const fast = { postsPerSecond: 5_000, socketRateLimit: 6_000 };
    expect(of(scenarioOf(100_000, fast)).postsPerSecond).toBeLessThan(5_000);
    expect(of(scenarioOf(100_000, { ...fast, qos: 0 }))).not.toHaveProperty("postsPerSecond");
  });

  test("a higher limit of frames where acks would exceed it, and none at qos 0", () => {
    const { socketRateLimit } = of(scenarioOf(100_000, { socketRateLimit: 3_000 }));
    expect(socketRateLimit).toBeGreaterThanOrEqual(3_500);
    expect(of(scenarioOf(100_000, { socketRateLimit: 3_000, qos: 0 }))).not.toHaveProperty("socketRateLimit");
  });

  test("more requests and connections for a million", () => {
    const { "API Gateway requests a second": requests, "API Gateway new connections a second": connects } = of(
      scenarioOf(1_000_000),
    );
    expect(requests).toBeGreaterThanOrEqual((2 * 1_000_000) / 60);
    expect(connects).toBeGreaterThanOrEqual(1_000_000 / 600);
  });

  test("cells where more is needed than AWS has granted before", () => {
    expect(of(scenarioOf(10_000_000)).cells).toBeGreaterThan(1);
    expect(of(scenarioOf(10_000_000))["API Gateway requests a second"]).toBeLessThanOrEqual(100_000);
  });
});

describe("quotas", () => {
  test("the most used comes first: requests during a large push", () => {
    const [first] = quotasOf(scenarioOf(100_000, { postsPerSecond: 5_000, socketRateLimit: 8_000 }));
    expect(first).toMatchObject({ name: "API Gateway: requests a second", peakWhen: "during a large push" });
    expect(first?.peak).toBeGreaterThan(first?.limit ?? Infinity);
  });

  test("a large push at the default postsPerSecond stays within all of them", () => {
    for (const { peak, limit } of quotasOf(scenarioOf(100_000))) expect(peak).toBeLessThan(limit);
  });

  test("new connections reach their limit at 3.6 million: 500 a second, for two hours each", () => {
    const use = quotasOf(scenarioOf(100_000)).find(({ name }) => name.includes("new connections"));
    expect(use?.fullAtConnections).toBeCloseTo(3_600_000, 0);
  });

  const oneRoom = (connections: number, more: Partial<Scenario>) =>
    quotasOf(scenarioOf(connections, { rooms: 1, ...more })).find(({ name }) =>
      name.endsWith("writes a second to one room"),
    );

  test.each([10, 200, 201, 3_500, 10_000, 100_000])(
    "one room of %i receives at most 800 acks a second, in the busiest second of any number of pushes",
    (connections) => {
      for (const pushesPerMinute of [1, 60, 600]) {
        const { steady = Infinity, peak = 0 } = oneRoom(connections, { pushesPerMinute, connectsPerSecond: 1 }) ?? {};
        expect(steady).toBeLessThanOrEqual(800 + 2 * pushesPerMinute);
        expect(peak).toBeLessThanOrEqual(810 + 2 * pushesPerMinute);
        expect(peak).toBeGreaterThanOrEqual(Math.min(connections, 400));
      }
    },
  );

  test("one room with all connections has its write peak during reconnects", () => {
    expect(oneRoom(100_000, {})).toMatchObject({ peakWhen: "during reconnects after an outage", peak: 1_500 });
  });

  test("everyone's row is read once a second by each function that takes acks, not for each ack", () => {
    const use = quotasOf(scenarioOf(100_000)).find(({ name }) => name.endsWith("everyone's row"));
    expect(use?.peak).toBeGreaterThan(0);
    expect(use?.peak).toBeLessThan(600);
  });
});
