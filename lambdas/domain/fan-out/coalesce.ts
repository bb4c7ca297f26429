import { limits } from "../../../protocol/limits.ts";
import { flatten } from "../concurrency/pages.ts";
import type { Deps } from "../model/deps.ts";
import type { FanOutTask, TaskNote } from "../model/fan-out-task.ts";
import type { Part } from "../model/member.ts";
import type { Message } from "../model/message.ts";
import { isWanted } from "../model/message.ts";
import { parcelOf } from "../wire/outgoing-message.ts";
import { textBytes } from "../wire/serialize.ts";
import { type Carried, carry } from "./batch.ts";
import { partTask } from "./enqueue.ts";

/** How far before and behind a message one looks for others that wait. */
const reach = 20;
/** For what is around the messages in their common frame. */
const aroundBytes = 1024;

type TogetherDeps = Pick<Deps, "log" | "payloads" | "pushes" | "rooms" | "tasks" | "now">;

/**
 * Finds messages that wait for the same way: pushed to the same room within a short time, and on their way to the same
 * part of it. Up to what API Gateway bills as one message they go out as one post; what is older goes first, since a
 * page holds back what overtook it.
 *
 * @returns what else to carry, already taken for the worker, and the epoch of its numbers
 */
export async function alongWith(
  deps: TogetherDeps,
  task: FanOutTask,
  found: TaskNote,
  worker: string,
  leaseUntilMs: number,
): Promise<{ epoch?: string; others: Carried[] }> {
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

  const others: Carried[] = [];
  let leftBytes = limits.billedBytes - aroundBytes - textBytes(text);
  for (const direction of [-1, 1]) {
    for (let next = seq + direction; around.has(next); next += direction) {
      const other = partTask(parcelOf(deps, around.get(next) as Message, task.ackWithinMs), to);
      const bytes = textBytes(other.text);
      if (bytes > leftBytes) break;
      const note = await takeAlong(deps, other, to, found, worker, leaseUntilMs);
      if (note === "done") continue;
      if (note === "not") break;
      leftBytes -= bytes;
      others.push(carry(other, note));
    }
  }
  return { epoch: room.epoch, others };
}

/** Takes a task that is in the queue and stands where the first one stands. */
async function takeAlong(
  { pushes, tasks }: TogetherDeps,
  task: FanOutTask,
  { of }: Part,
  { after }: TaskNote,
  worker: string,
  leaseUntilMs: number,
): Promise<TaskNote | "done" | "not"> {
  const records = await pushes.get(task.messageId);
  if (records.find(({ roomId }) => roomId === task.roomId)?.parts !== of) return "not";
  const note = await tasks.take(task, worker, leaseUntilMs);
  if (note === "taken") return "not";
  if (note === "done" || note.after === after) return note;
  const { untilMs: _, ...free } = note;
  await tasks.note(task, worker, free);
  return "not";
}
