import { describe, expect, test } from "vitest";
import type { Member } from "../../../../lambdas/domain/model/member.ts";
import type { LogEntry } from "../../../../lambdas/domain/model/message.ts";
import type { Step } from "../../../../lambdas/domain/redelivery/next-step.ts";
import { nextStep } from "../../../../lambdas/domain/redelivery/next-step.ts";

const afterMs = 5_000;
const member = (redeliveries: number, redeliveredAtMs = 0): Member => ({
  ...{ session: "s", connectionId: "c", connectedAtMs: 0, subject: "ann", generation: 0, holdsLease: false },
  transport: "websocket",
  ...{ acks: true, hasAcked: false, redeliveries, redeliveredAtMs, exhaustedSeq: 0 },
});
const entry = (seq: number, atMs: number): LogEntry => ({ seq, atMs });
const inWords = (step: Step) =>
  step.kind === "wait"
    ? `wait until ${step.untilMs}`
    : [step.kind, ...("entries" in step ? step.entries.map(({ seq }) => seq) : [])].join(" ");

describe("what a look does about a member", () => {
  test.each<[string, Member, [seq: number, atMs: number][], number, string]>([
    ["who has everything", member(0), [], 9_999, "none"],
    ["whose message is young", member(0), [[1, 100]], 5_099, "wait until 5100"],
    ["whose message is old enough", member(0), [[1, 100]], 5_100, "redeliver 1"],
    [
      "with an old and a young one",
      member(0),
      [
        [1, 100],
        [2, 3_000],
      ],
      5_100,
      "redeliver 1",
    ],
    [
      "with two old ones",
      member(0),
      [
        [1, 100],
        [2, 3_000],
      ],
      8_000,
      "redeliver 1 2",
    ],
    ["who was sent it once, too early", member(1, 5_000), [[1, 0]], 14_999, "wait until 15000"],
    ["who was sent it once", member(1, 5_000), [[1, 0]], 15_000, "redeliver 1"],
    ["who was sent it twice, too early", member(2, 15_000), [[1, 0]], 34_999, "wait until 35000"],
    ["who was sent it twice", member(2, 15_000), [[1, 0]], 35_000, "redeliver 1"],
    ["who was sent it three times, too early", member(3, 35_000), [[1, 0]], 74_999, "wait until 75000"],
    ["who was sent it three times", member(3, 35_000), [[1, 0]], 75_000, "exhausted 1"],
    [
      "who is given up while a new one is on its way",
      member(3, 35_000),
      [
        [1, 0],
        [2, 74_000],
      ],
      75_000,
      "exhausted 1",
    ],
    ["who was tried and has only a young one left", member(1, 5_000), [[2, 14_000]], 15_000, "wait until 19000"],
    // Given up to 3, the member would never be sent 2 again.
    [
      "with a young one in front of an old one",
      member(3, 0),
      [
        [1, 0],
        [2, 44_000],
        [3, 100],
      ],
      45_000,
      "exhausted 1",
    ],
  ])("%s: %5$s", (_, who, waiting, nowMs, step) => {
    const entries = waiting.map(([seq, atMs]) => entry(seq, atMs));
    expect(inWords(nextStep(who, entries, nowMs, { afterMs, ackWithinMs: 0 }))).toBe(step);
  });

  test.each<[string, Member, number, string]>([
    ["whose message is young", member(0), 21_099, "wait until 21100"],
    ["whose message is old enough", member(0), 21_100, "redeliver 1"],
    ["who was sent it once, too early", member(1, 30_000), 55_999, "wait until 56000"],
    ["who was sent it once", member(1, 30_000), 56_000, "redeliver 1"],
    ["who was sent it three times", member(3, 100_000), 156_000, "exhausted 1"],
  ])("%s, in a room whose members take 16 s to ack: %4$s", (_, who, nowMs, step) => {
    expect(inWords(nextStep(who, [entry(1, 100)], nowMs, { afterMs, ackWithinMs: 16_000 }))).toBe(step);
  });
});
