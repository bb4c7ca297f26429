import type { PushRecord } from "../model/push-record.ts";

/** A task that nobody has begun by then has been lost, or the queue is far behind: the redelivery takes over. */
const maxWaitMs = 15 * 60_000;

/**
 * When a message had been posted to all members of a large room: only from then on they may be late with their acks.
 *
 * @returns `nowMs` while posts are under way; the moment of the push where they are not, or where a worker has died
 */
export function postedAtMs({ parts, tasks = [], atMs }: PushRecord, nowMs: number): number {
  if (parts === undefined) return atMs;
  const hasDied = tasks.some(
    ({ doneAtMs, leaseExpiresAtMs = Infinity }) => doneAtMs === undefined && leaseExpiresAtMs < nowMs,
  );
  if (hasDied || nowMs - atMs > maxWaitMs) return atMs;
  const ends = tasks.map(({ doneAtMs }) => doneAtMs ?? nowMs);
  const begun = tasks.filter(({ ofPart }) => ofPart).length;
  return begun < parts ? nowMs : Math.max(...ends);
}
