import type { Deps } from "../model/deps.ts";
import type { LogEntry } from "../model/message.ts";
import type { PushRecord } from "../model/push-record.ts";

/** A task that no worker has started by then is lost, or the queue is overloaded. Redelivery takes over. */
const maxQueueMs = 15 * 60_000;

/**
 * Replaces an entry's time by the time at which it was posted to all members of its large room. AckWait starts there:
 * until then, no ack is late.
 */
export async function withPostedAt(
  { pushes, now, redeliverAfterMs }: Pick<Deps, "pushes" | "now" | "redeliverAfterMs">,
  roomId: string,
  entry: LogEntry,
): Promise<LogEntry> {
  const { message, atMs } = entry;
  if (!message || atMs + redeliverAfterMs > now()) return entry;
  const record = (await pushes.get(message.messageId)).find((each) => each.roomId === roomId);
  return record ? { ...entry, atMs: postedAtMs(record, now()) } : entry;
}

/**
 * When a message had been posted to all members of a room.
 *
 * | fan-out | result |
 * | --- | --- |
 * | none: a small room | time of the push |
 * | not completed | `nowMs` |
 * | completed | end of the last task, retry tasks included |
 * | a worker died, or the queue has held a task for 15 min | time of the push |
 */
export function postedAtMs({ parts, tasks = [], atMs }: PushRecord, nowMs: number): number {
  if (parts === undefined) return atMs;
  const hasDied = tasks.some(
    ({ doneAtMs, leaseExpiresAtMs = Infinity }) => doneAtMs === undefined && leaseExpiresAtMs < nowMs,
  );
  if (hasDied || nowMs - atMs > maxQueueMs) return atMs;
  const startedParts = tasks.filter(({ ofPart }) => ofPart).length;
  if (startedParts < parts) return nowMs;
  return Math.max(...tasks.map(({ doneAtMs }) => doneAtMs ?? nowMs));
}
