import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { withDefaults } from "../../../cli/estimate/arguments.ts";
import { costsOf, usdOf } from "../../../cli/estimate/cost.ts";
import { loadOf } from "../../../cli/estimate/load.ts";
import { billedFor, forRooms } from "../../../cli/estimate/operations.ts";
import { monthlyUsd } from "../../../cli/estimate/prices.ts";
import { stormRatio } from "../../../cli/estimate/push-cost.ts";
import type { Question } from "../../../cli/estimate/scenario.ts";

const questionOf = (connections: number, more: Partial<Question> = {}) => withDefaults({ connections, ...more });
const quiet = { pushesPerMinute: 0, everyonePerDay: 0 };
function itemOf(question: Question, name: string) {
  const item = costsOf(question).items.find((one) => one.name === name);
  if (!item) throw new Error(`there is no item ${name}`);
  return item;
}

describe("a month of 10,000 connections, as AWS's prices make it by hand", () => {
  test("minutes: 432 million at 0.25 a million", () => {
    expect(itemOf(questionOf(10_000), "connections kept open").usd.total).toBeCloseTo(108, 6);
  });

  test("a heartbeat every five minutes, billed twice: 172.8 million messages", () => {
    const { usd } = itemOf(questionOf(10_000, { ...quiet, heartbeatSeconds: 300 }), "heartbeats");
    expect(usd.total).toBeCloseTo(172.8, 6);
  });

  test("a message to each every minute at qos 0: 432 million messages", () => {
    const question = questionOf(10_000, { qos: 0, rooms: 100, pushesPerMinute: 100 });
    expect(itemOf(question, "pushes to rooms").usd.messages).toBeCloseTo(432, 6);
  });

  test("a member costs one message, whether posted to at once or by a task", () => {
    for (const members of [100, 250, 251, 1_000]) {
      const question = questionOf(10_000, { qos: 0, rooms: 10_000 / members, pushesPerMinute: 1 });
      expect(itemOf(question, "pushes to rooms").usd.messages).toBeCloseTo((43_200 * members) / 1e6, 6);
    }
    expect(itemOf(questionOf(10_000, { ...quiet, everyonePerDay: 10 }), "pushes to everyone").usd.messages).toBeCloseTo(
      3,
      6,
    );
  });

  test("a payload of more than 32 KB is billed as two messages", () => {
    const messages = (payloadBytes: number) =>
      itemOf(questionOf(10_000, { payloadBytes }), "pushes to rooms").usd.messages;
    expect(messages(32 * 1024)).toBeCloseTo(2 * messages(31 * 1024), 6);
  });
});

test("1 M deliveries to rooms of 1,000 at qos 0 cost at most 1.1 times what API Gateway charges for them", () => {
  const storm = itemOf(questionOf(1_000, { qos: 0, rooms: 1, pushesPerMinute: 1_000 / 43_200 }), "pushes to rooms");
  expect(storm.usd.messages).toBeCloseTo(1, 6);
  const ratio = stormRatio(questionOf(1_000), usdOf);
  expect(ratio).toBeCloseTo(storm.usd.total, 6);
  expect(ratio).toBeGreaterThan(1);
  expect(ratio).toBeLessThanOrEqual(1.1);
});

test("what is told often needs no heartbeats", () => {
  const heartbeats = (pushesPerMinute: number) =>
    loadOf(questionOf(1_000, { rooms: 1, pushesPerMinute, everyonePerDay: 0 })).heartbeats;
  expect(heartbeats(0)).toBeCloseTo(1_000 / 270, 6);
  expect(heartbeats(0.2)).toBeLessThan(0.7 * heartbeats(0));
  expect(heartbeats(10)).toBeLessThan(1e-9);
});

test("at qos 0 nobody acks and nobody looks", () => {
  const names = costsOf(questionOf(1_000, { qos: 0 })).items.map(({ name }) => name);
  expect(names).not.toContain("acks");
  expect(names).not.toContain("redelivery's looks");
});

test("messages that come close to one another are acked once", () => {
  const acksPerPost = (pushesPerMinute: number) => {
    const { acks, posts } = loadOf(questionOf(10, { rooms: 1, pushesPerMinute, everyonePerDay: 0 }));
    return acks / posts;
  };
  expect(acksPerPost(1)).toBeGreaterThan(0.99);
  expect(acksPerPost(60 * 4)).toBeCloseTo(0.5, 6);
});

test("items and services add up to the same total", () => {
  fc.assert(
    fc.property(fc.integer({ min: 10, max: 1e7 }), fc.integer({ min: 0, max: 1e5 }), (connections, pushesPerMinute) => {
      const { items, total } = costsOf(questionOf(connections, { pushesPerMinute }));
      const ofItems = items.reduce((sum, { usd }) => sum + usd.total, 0);
      const { total: all, ...services } = total;
      const ofServices = Object.values(services).reduce((sum, usd) => sum + usd, 0);
      expect(ofItems / all).toBeCloseTo(1, 9);
      expect(ofServices / all).toBeCloseTo(1, 9);
      for (const { usd } of items) expect(Math.min(...Object.values(usd))).toBeGreaterThanOrEqual(0);
    }),
  );
});

test("what no frame can carry is put once a push and fetched by each page; the frames stay small", () => {
  const question = questionOf(10_000, { rooms: 100, pushesPerMinute: 1, everyonePerDay: 0, payloadBytes: 1_000_000 });
  const pushes = 30 * 24 * 60;
  const fetched = pushes * 100;
  const { usd } = itemOf(question, "large payloads");
  expect(usd.total).toBeCloseTo((pushes * 5 + fetched * 0.4) / 1e6 + fetched * 0.001 * 0.09, 6);
  const small = { ...question, payloadBytes: 124_800 };
  expect(() => itemOf(small, "large payloads")).toThrow("there is no item");
  expect(itemOf(question, "data out").usd.total).toBeLessThan(itemOf(small, "data out").usd.total);
});

test("the first billion messages cost 1 a million, the others 0.80", () => {
  expect(monthlyUsd("messages", 1e9)).toBeCloseTo(1_000, 6);
  expect(monthlyUsd("messages", 1.5e9)).toBeCloseTo(1_400, 6);
  expect(monthlyUsd("requests", 400e6)).toBeCloseTo(333 * 3.5 + 67 * 2.8, 6);
});

test("counts for 1 and 3 rooms are what they were counted as, and 2 lie between", () => {
  const of = (rooms: number) => forRooms(rooms, "ack, 1 room", "ack, 3 rooms").writeUnits;
  expect([of(1), of(3)]).toEqual([billedFor("ack, 1 room").writeUnits, billedFor("ack, 3 rooms").writeUnits]);
  expect(of(2)).toBe((of(1) + of(3)) / 2);
});
