import { describe, expect, test } from "vitest";
import type { KnownTask, PushRecord } from "../../../../lambdas/domain/model/push-record.ts";
import { postedAtMs } from "../../../../lambdas/domain/redelivery/posted-at.ts";

const minuteMs = 60_000;
const pushedAtMs = 1_000_000;
const nowMs = pushedAtMs + minuteMs;
const outcomes = { members: 0, sent: 0, gone: 0, slow: 0, failed: 0, unknown: 0, waiting: 0 };

const doneAt = (doneAtMs: number): KnownTask => ({ outcomes, doneAtMs, ofPart: true });
const workedAtUntil = (leaseExpiresAtMs: number): KnownTask => ({ outcomes, leaseExpiresAtMs, ofPart: true });
/** Its rest waits in the queue. */
const handedOn: KnownTask = { outcomes, after: "s", ofPart: true };
const again = (of: KnownTask): KnownTask => ({ ...of, ofPart: false });
const push = (more: Partial<PushRecord>): PushRecord => ({ roomId: "456", atMs: pushedAtMs, done: true, ...more });

describe("a message had been posted to all members", () => {
  test.each<[string, Partial<PushRecord>, number]>([
    ["of a small room when it was pushed", {}, pushedAtMs],
    [
      "of a small room when it was pushed, though some are tried again",
      { tasks: [again(workedAtUntil(nowMs + 1))] },
      pushedAtMs,
    ],
    [
      "of a large room when the last part was done",
      { parts: 2, tasks: [doneAt(nowMs - 9), doneAt(nowMs - 5)] },
      nowMs - 5,
    ],
    ["and those tried again", { parts: 1, tasks: [doneAt(nowMs - 9), again(doneAt(nowMs - 2))] }, nowMs - 2],
    ["not yet while nobody has begun", { parts: 2 }, nowMs],
    ["not yet while a part has not begun", { parts: 2, tasks: [doneAt(nowMs - 5)] }, nowMs],
    ["not yet while somebody is at a part", { parts: 2, tasks: [doneAt(nowMs - 5), workedAtUntil(nowMs)] }, nowMs],
    ["not yet while the rest of a part waits in the queue", { parts: 2, tasks: [doneAt(nowMs - 5), handedOn] }, nowMs],
    ["not yet while some are tried again", { parts: 1, tasks: [doneAt(nowMs - 5), again(handedOn)] }, nowMs],
    // Those who were tried again stood for a part that had not begun: its members were sent the message twice.
    [
      "not yet while a part has not begun, however many are tried again",
      { parts: 2, tasks: [doneAt(nowMs - 9), again(doneAt(nowMs - 5)), again(doneAt(nowMs - 4))] },
      nowMs,
    ],
    [
      "when it was pushed, if a worker has died: the redelivery takes over",
      { parts: 2, tasks: [doneAt(nowMs - 5), workedAtUntil(nowMs - 1)] },
      pushedAtMs,
    ],
  ])("%s", (_, more, expected) => {
    expect(postedAtMs(push(more), nowMs)).toBe(expected);
  });

  test("when it was pushed, if the queue has not come to it after a quarter of an hour", () => {
    const waits = push({ parts: 2, tasks: [doneAt(nowMs - 5)] });
    const limitMs = pushedAtMs + 15 * minuteMs;
    expect(postedAtMs(waits, limitMs)).toBe(limitMs);
    expect(postedAtMs(waits, limitMs + 1)).toBe(pushedAtMs);
  });
});
