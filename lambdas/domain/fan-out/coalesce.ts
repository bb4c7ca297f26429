import { limits } from "../../../protocol/limits.ts";
import { flatten } from "../concurrency/pages.ts";
import type { Deps } from "../model/deps.ts";
import type { FanOutTask, TaskProgress } from "../model/fan-out-task.ts";
import type { Part } from "../model/member.ts";
import { isWithinTtl, type Message } from "../model/message.ts";
import type { Room } from "../model/room.ts";
import { outgoingMessageOf } from "../wire/outgoing-message.ts";
import { utf8Bytes } from "../wire/serialize.ts";
import { type BatchedMessage, batchedMessage } from "./batch.ts";
import { partTask } from "./enqueue.ts";

/** The number of log positions that are read before the message, and after it. */
const reach = 20;
/** Reserved for the fields around the messages in their common frame. */
const envelopeBytes = 1024;

type CoalesceDeps = Pick<Deps, "log" | "payloads" | "pushes" | "rooms" | "tasks" | "now">;

/** A worker's lease of its tasks. */
export interface TaskLease {
  worker: string;
  expiresAtMs: number;
}

/**
 * Finds messages that wait for the same part of the room, and acquires their tasks, so that one post can contain them all.
 * Together they have at most the size that API Gateway bills as one message. Older messages go first: a page buffers
 * messages that arrive before their predecessors.
 *
 * @param progress of `task`; only tasks with the same progress are taken
 * @returns the other messages of the batch, and the epoch of all; none for a message without a position, and for a retry
 */
export async function coalesce(
  deps: CoalesceDeps,
  task: FanOutTask,
  progress: TaskProgress,
  lease: TaskLease,
): Promise<{ epoch?: string; others: BatchedMessage[] }> {
  const { roomId, messageId, seq, to, text } = task;
  if (seq === undefined || !("of" in to)) return { others: [] };
  const room = await deps.rooms.get(roomId);
  if (!room) return { others: [] };
  const neighbours = await readNeighbours(deps, room, seq);
  // The room may have got another epoch since, with other messages under these numbers.
  if (neighbours.get(seq)?.messageId !== messageId) return { others: [] };

  const others: BatchedMessage[] = [];
  let leftBytes = limits.billedBytes - envelopeBytes - utf8Bytes(text);
  for (const direction of [-1, 1]) {
    const nextAfter = (at: number) => neighbours.get(at + direction);
    for (let message = nextAfter(seq); message; message = nextAfter(message.seq)) {
      const other = partTask(outgoingMessageOf(deps, message, task.ackWithinMs), to);
      const bytes = utf8Bytes(other.text);
      if (bytes > leftBytes) break;
      const acquired = await acquireNeighbour(deps, other, to, progress, lease);
      if (acquired === "done") continue;
      // No message beyond this one: pages would buffer it until this one arrives.
      if (acquired === "unavailable") break;
      leftBytes -= bytes;
      others.push(batchedMessage(other, acquired));
    }
  }
  return { epoch: room.epoch, others };
}

/** The messages around a position, by `seq`. */
async function readNeighbours({ log, now }: CoalesceDeps, room: Room, seq: number): Promise<Map<number, Message>> {
  const neighbours = new Map<number, Message>();
  for await (const { message } of flatten(log.pages(room, seq - reach, Math.min(seq + reach, room.seq)))) {
    if (message && isWithinTtl(message, now())) neighbours.set(message.seq, message);
  }
  return neighbours;
}

/** Acquires a task that is in the queue, if its progress is the same as that of the batch. */
async function acquireNeighbour(
  { pushes, tasks }: CoalesceDeps,
  task: FanOutTask,
  { of }: Part,
  { after }: TaskProgress,
  { worker, expiresAtMs }: TaskLease,
): Promise<TaskProgress | "done" | "unavailable"> {
  const records = await pushes.get(task.messageId);
  if (records.find(({ roomId }) => roomId === task.roomId)?.parts !== of) return "unavailable";
  const acquired = await tasks.acquire(task, worker, expiresAtMs);
  if (acquired === "taken") return "unavailable";
  if (acquired === "done" || acquired.after === after) return acquired;
  const { leaseExpiresAtMs: _, ...released } = acquired;
  await tasks.record(task, worker, released);
  return "unavailable";
}
