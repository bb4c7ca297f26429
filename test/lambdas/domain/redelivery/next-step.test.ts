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
const describeStep = (step: Step) =>
  step.kind === "wait"
    ? `wait until ${step.untilMs}`
    : [step.kind, ...("entries" in step ? step.entries.map(({ seq }) => seq) : [])].join(" ");

describe("the next step for a member", () => {
  test.each<[string, Member, [seq: number, atMs: number][], number, string]>([
    ["that has all messages", member(0), [], 9_999, "none"],
    ["whose message is not due", member(0), [[1, 100]], 5_099, "wait until 5100"],
    ["whose message is due", member(0), [[1, 100]], 5_100, "redeliver 1"],
    [
      "with one message due and one not due",
      member(0),
      [
        [1, 100],
        [2, 3_000],
      ],
      5_100,
      "redeliver 1",
    ],
    [
      "with two messages due",
      member(0),
      [
        [1, 100],
        [2, 3_000],
      ],
      8_000,
      "redeliver 1 2",
    ],
    ["after one redelivery, before AckWait", member(1, 5_000), [[1, 0]], 14_999, "wait until 15000"],
    ["after one redelivery", member(1, 5_000), [[1, 0]], 15_000, "redeliver 1"],
    ["after two redeliveries, before AckWait", member(2, 15_000), [[1, 0]], 34_999, "wait until 35000"],
    ["after two redeliveries", member(2, 15_000), [[1, 0]], 35_000, "redeliver 1"],
    ["after three redeliveries, before AckWait", member(3, 35_000), [[1, 0]], 74_999, "wait until 75000"],
    ["after three redeliveries", member(3, 35_000), [[1, 0]], 75_000, "exhausted 1"],
    [
      "that is exhausted, with a newer message not due",
      member(3, 35_000),
      [
        [1, 0],
        [2, 74_000],
      ],
      75_000,
      "exhausted 1",
    ],
    [
      "after one redelivery, with only a newer message left",
      member(1, 5_000),
      [[2, 14_000]],
      15_000,
      "wait until 19000",
    ],
    // If 3 were exhausted, 2 would never be redelivered.
    [
      "with a message not due before one that is due",
      member(3, 0),
      [
        [1, 0],
        [2, 44_000],
        [3, 100],
      ],
      45_000,
      "exhausted 1",
    ],
  ])("%s: %5$s", (_, given, pending, nowMs, step) => {
    const entries = pending.map(([seq, atMs]) => entry(seq, atMs));
    expect(describeStep(nextStep(given, entries, nowMs, { afterMs, ackWithinMs: 0 }))).toBe(step);
  });

  test.each<[string, Member, number, string]>([
    ["whose message is not due", member(0), 21_099, "wait until 21100"],
    ["whose message is due", member(0), 21_100, "redeliver 1"],
    ["after one redelivery, before AckWait", member(1, 30_000), 55_999, "wait until 56000"],
    ["after one redelivery", member(1, 30_000), 56_000, "redeliver 1"],
    ["after three redeliveries", member(3, 100_000), 156_000, "exhausted 1"],
  ])("%s, in a room whose members have 16 s to acknowledge: %4$s", (_, given, nowMs, step) => {
    expect(describeStep(nextStep(given, [entry(1, 100)], nowMs, { afterMs, ackWithinMs: 16_000 }))).toBe(step);
  });
});
