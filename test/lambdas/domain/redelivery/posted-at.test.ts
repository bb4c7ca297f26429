import { describe, expect, test } from "vitest";
import type { KnownTask, PushRecord } from "../../../../lambdas/domain/model/push-record.ts";
import { postedAtMs } from "../../../../lambdas/domain/redelivery/posted-at.ts";

const minuteMs = 60_000;
const pushedAtMs = 1_000_000;
const nowMs = pushedAtMs + minuteMs;
const outcomes = { members: 0, sent: 0, gone: 0, slow: 0, failed: 0, unknown: 0, waiting: 0 };

const doneAt = (doneAtMs: number): KnownTask => ({ outcomes, doneAtMs, ofPart: true });
const leasedUntil = (leaseExpiresAtMs: number): KnownTask => ({ outcomes, leaseExpiresAtMs, ofPart: true });
/** Its rest is in the queue. */
const enqueuedAgain: KnownTask = { outcomes, after: "s", ofPart: true };
const retryOf = (of: KnownTask): KnownTask => ({ ...of, ofPart: false });
const push = (more: Partial<PushRecord>): PushRecord => ({ roomId: "456", atMs: pushedAtMs, done: true, ...more });

describe("a message had been posted to all members", () => {
  test.each<[string, Partial<PushRecord>, number]>([
    ["of a small room when it was pushed", {}, pushedAtMs],
    [
      "of a small room when it was pushed, although some posts are retried",
      { tasks: [retryOf(leasedUntil(nowMs + 1))] },
      pushedAtMs,
    ],
    [
      "of a large room when the last part was done",
      { parts: 2, tasks: [doneAt(nowMs - 9), doneAt(nowMs - 5)] },
      nowMs - 5,
    ],
    [
      "of a large room when the last retry was done",
      { parts: 1, tasks: [doneAt(nowMs - 9), retryOf(doneAt(nowMs - 2))] },
      nowMs - 2,
    ],
    ["not yet while no task has started", { parts: 2 }, nowMs],
    ["not yet while a part has not started", { parts: 2, tasks: [doneAt(nowMs - 5)] }, nowMs],
    ["not yet while a worker has a part", { parts: 2, tasks: [doneAt(nowMs - 5), leasedUntil(nowMs)] }, nowMs],
    [
      "not yet while the rest of a part is in the queue",
      { parts: 2, tasks: [doneAt(nowMs - 5), enqueuedAgain] },
      nowMs,
    ],
    ["not yet while some posts are retried", { parts: 1, tasks: [doneAt(nowMs - 5), retryOf(enqueuedAgain)] }, nowMs],
    // A retry task does not count as a part: the members of the missing part would get the message twice.
    [
      "not yet while a part has not started, however many retry tasks are done",
      { parts: 2, tasks: [doneAt(nowMs - 9), retryOf(doneAt(nowMs - 5)), retryOf(doneAt(nowMs - 4))] },
      nowMs,
    ],
    [
      "when it was pushed, if a worker has died: the redelivery takes over",
      { parts: 2, tasks: [doneAt(nowMs - 5), leasedUntil(nowMs - 1)] },
      pushedAtMs,
    ],
  ])("%s", (_, more, expected) => {
    expect(postedAtMs(push(more), nowMs)).toBe(expected);
  });

  test("when it was pushed, if a task is still in the queue after a quarter of an hour", () => {
    const incomplete = push({ parts: 2, tasks: [doneAt(nowMs - 5)] });
    const limitMs = pushedAtMs + 15 * minuteMs;
    expect(postedAtMs(incomplete, limitMs)).toBe(limitMs);
    expect(postedAtMs(incomplete, limitMs + 1)).toBe(pushedAtMs);
  });
});
