import { limits } from "../../../protocol/limits.ts";
import { flatten } from "../concurrency/pages.ts";
import type { Deps } from "../model/deps.ts";
import type { FanOutTask, TaskProgress } from "../model/fan-out-task.ts";
import type { Part } from "../model/member.ts";
import type { Message } from "../model/message.ts";
import { isWanted } from "../model/message.ts";
import { outgoingMessageOf } from "../wire/outgoing-message.ts";
import { utf8Bytes } from "../wire/serialize.ts";
import { type BatchedMessage, batchedMessage } from "./batch.ts";
import { partTask } from "./enqueue.ts";

/** How far before and behind a message one looks for others that wait. */
const reach = 20;
/** For what is around the messages in their common frame. */
const aroundBytes = 1024;

type CoalesceDeps = Pick<Deps, "log" | "payloads" | "pushes" | "rooms" | "tasks" | "now">;

/**
 * Finds messages that wait for the same way: pushed to the same room within a short time, and on their way to the same
 * part of it. Up to what API Gateway bills as one message they go out as one post; what is older goes first, since a
 * page holds back what overtook it.
 *
 * @returns what else to carry, already taken for the worker, and the epoch of its numbers
 */
export async function coalesce(
  deps: CoalesceDeps,
  task: FanOutTask,
  found: TaskProgress,
  worker: string,
  leaseExpiresAtMs: number,
): Promise<{ epoch?: string; others: BatchedMessage[] }> {
  const { roomId, messageId, seq, to, text } = task;
  if (seq === undefined || !("of" in to)) return { others: [] };
  const room = await deps.rooms.get(roomId);
  if (!room) return { others: [] };
  const around = new Map<number, Message>();
  for await (const { message } of flatten(deps.log.pages(room, seq - reach, Math.min(seq + reach, room.seq)))) {
    if (message && isWanted(message, deps.now())) around.set(message.seq, message);
  }
  // The room's numbers may have begun anew since.
  if (around.get(seq)?.messageId !== messageId) return { others: [] };

  const others: BatchedMessage[] = [];
  let leftBytes = limits.billedBytes - aroundBytes - utf8Bytes(text);
  for (const direction of [-1, 1]) {
    for (let next = seq + direction; around.has(next); next += direction) {
      const other = partTask(outgoingMessageOf(deps, around.get(next) as Message, task.ackWithinMs), to);
      const bytes = utf8Bytes(other.text);
      if (bytes > leftBytes) break;
      const record = await acquireNeighbour(deps, other, to, found, worker, leaseExpiresAtMs);
      if (record === "done") continue;
      if (record === "not") break;
      leftBytes -= bytes;
      others.push(batchedMessage(other, record));
    }
  }
  return { epoch: room.epoch, others };
}

/** Takes a task that is in the queue and stands where the first one stands. */
async function acquireNeighbour(
  { pushes, tasks }: CoalesceDeps,
  task: FanOutTask,
  { of }: Part,
  { after }: TaskProgress,
  worker: string,
  leaseExpiresAtMs: number,
): Promise<TaskProgress | "done" | "not"> {
  const records = await pushes.get(task.messageId);
  if (records.find(({ roomId }) => roomId === task.roomId)?.parts !== of) return "not";
  const record = await tasks.acquire(task, worker, leaseExpiresAtMs);
  if (record === "taken") return "not";
  if (record === "done" || record.after === after) return record;
  const { leaseExpiresAtMs: _, ...free } = record;
  await tasks.record(task, worker, free);
  return "not";
}
