import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Advice, adviceFor } from "../../../cli/estimate/advice.ts";
import { withDefaults } from "../../../cli/estimate/arguments.ts";
import { quotasOf } from "../../../cli/estimate/quotas.ts";
import type { Question } from "../../../cli/estimate/scenario.ts";
import { everyoneTime, waveTimes } from "../../../cli/estimate/times.ts";

const questionOf = (connections: number, more: Partial<Question> = {}) =>
  withDefaults({ connections, pushesPerMinute: connections / 100, ...more });

const fields: Record<string, keyof Question> = {
  "API Gateway requests a second": "requestsPerSecond",
  "API Gateway new connections a second": "connectsPerSecond",
  postsPerSecond: "postsPerSecond",
  socketRateLimit: "socketRateLimit",
};
/** One cell as it is when everything was granted and set. */
function followed(question: Question, advice: readonly Advice[]): Question {
  const cells = advice.find(({ what }) => what === "cells")?.to ?? 1;
  const { connections, rooms, pushesPerMinute } = question;
  const cell = {
    ...question,
    connections: Math.ceil(connections / cells),
    rooms: Math.round(rooms / cells),
    pushesPerMinute: pushesPerMinute / cells,
  };
  const changes = advice.flatMap(({ what, to }) => (fields[what] ? [[fields[what], to]] : []));
  return { ...cell, ...Object.fromEntries(changes) };
}

test("whoever follows the advice meets the goals, or is told what is out of reach", () => {
  const anyQuestion = fc.record({
    connections: fc.integer({ min: 3, max: 7 }).chain((size) => fc.integer({ min: 10 ** size, max: 9 * 10 ** size })),
    qos: fc.constantFrom(0 as const, 1 as const),
    everyoneWithinSeconds: fc.constantFrom(1, 5, 20, 60, 300),
  });
  fc.assert(
    fc.property(anyQuestion, ({ connections, ...more }) => {
      const question = questionOf(connections, more);
      const better = followed(question, adviceFor(question));
      const missed = adviceFor(question).find(({ whom }) => whom === "goal");
      expect(everyoneTime(better).seconds).toBeLessThanOrEqual(missed?.to ?? question.everyoneWithinSeconds * 1.03);
      if (question.everyoneWithinSeconds >= 60) expect(missed).toBeUndefined();
      const [, nearlyAll] = waveTimes(better);
      expect(nearlyAll?.seconds).toBeLessThanOrEqual(question.backWithinSeconds);
    }),
    { numRuns: 60 },
  );
});

describe("what to ask for", () => {
  const of = (question: Question) => Object.fromEntries(adviceFor(question).map(({ what, to }) => [what, to]));

  test("nothing for 10,000 connections", () => {
    expect(adviceFor(questionOf(10_000))).toEqual([]);
  });

  test("no other quota or limit for 100,000: a large push fits in with its acks", () => {
    expect(Object.keys(of(questionOf(100_000)))).toEqual([expect.stringContaining("DynamoDB warm throughput")]);
  });

  test("a slower pace where acks would go over the quota", () => {
    const fast = { postsPerSecond: 5_000, socketRateLimit: 6_000 };
    expect(of(questionOf(100_000, fast)).postsPerSecond).toBeLessThan(5_000);
    expect(of(questionOf(100_000, { ...fast, qos: 0 }))).not.toHaveProperty("postsPerSecond");
  });

  test("a higher limit of frames where acks would not get through it, and none at qos 0", () => {
    const { socketRateLimit } = of(questionOf(100_000, { socketRateLimit: 3_000 }));
    expect(socketRateLimit).toBeGreaterThanOrEqual(3_500);
    expect(of(questionOf(100_000, { socketRateLimit: 3_000, qos: 0 }))).not.toHaveProperty("socketRateLimit");
  });

  test("more requests and connections for a million", () => {
    const { "API Gateway requests a second": requests, "API Gateway new connections a second": connects } = of(
      questionOf(1_000_000),
    );
    expect(requests).toBeGreaterThanOrEqual((2 * 1_000_000) / 60);
    expect(connects).toBeGreaterThanOrEqual(1_000_000 / 600);
  });

  test("cells where more is needed than AWS was seen to grant", () => {
    expect(of(questionOf(10_000_000)).cells).toBeGreaterThan(1);
    expect(of(questionOf(10_000_000))["API Gateway requests a second"]).toBeLessThanOrEqual(100_000);
  });
});

describe("quotas", () => {
  test("the fullest comes first: requests while a large push goes out", () => {
    const [first] = quotasOf(questionOf(100_000, { postsPerSecond: 5_000, socketRateLimit: 8_000 }));
    expect(first).toMatchObject({ name: "API Gateway: requests a second", peakWhen: "while a large push goes out" });
    expect(first?.peak).toBeGreaterThan(first?.limit ?? Infinity);
  });

  test("a large push at the default pace stays within all of them", () => {
    for (const { peak, limit } of quotasOf(questionOf(100_000))) expect(peak).toBeLessThan(limit);
  });

  test("new connections are full at 3.6 million: 500 a second, for two hours each", () => {
    const use = quotasOf(questionOf(100_000)).find(({ name }) => name.includes("new connections"));
    expect(use?.fullAtConnections).toBeCloseTo(3_600_000, 0);
  });

  const oneRoom = (connections: number, more: Partial<Question>) =>
    quotasOf(questionOf(connections, { rooms: 1, ...more })).find(({ name }) =>
      name.endsWith("writes a second to one room"),
    );

  test.each([10, 200, 201, 3_500, 10_000, 100_000])(
    "one room of %i is acked at no more than 800 a second, in the worst second of any number of pushes",
    (connections) => {
      for (const pushesPerMinute of [1, 60, 600]) {
        const { steady = Infinity, peak = 0 } = oneRoom(connections, { pushesPerMinute, connectsPerSecond: 1 }) ?? {};
        expect(steady).toBeLessThanOrEqual(800 + 2 * pushesPerMinute);
        expect(peak).toBeLessThanOrEqual(810 + 2 * pushesPerMinute);
        expect(peak).toBeGreaterThanOrEqual(Math.min(connections, 400));
      }
    },
  );

  test("one room that all are in is written most when all come back", () => {
    expect(oneRoom(100_000, {})).toMatchObject({ peakWhen: "while all come back after an outage", peak: 1_500 });
  });

  test("everyone's row is read once a second by each function that takes acks, not by each ack", () => {
    const use = quotasOf(questionOf(100_000)).find(({ name }) => name.endsWith("everyone's row"));
    expect(use?.peak).toBeGreaterThan(0);
    expect(use?.peak).toBeLessThan(600);
  });
});
