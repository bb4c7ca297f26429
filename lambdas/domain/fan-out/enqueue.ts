import type { Deps } from "../model/deps.ts";
import type { FanOutTask } from "../model/fan-out-task.ts";
import type { Part } from "../model/member.ts";
import { partsOf } from "../model/member.ts";
import type { OutgoingMessage } from "../model/outgoing-message.ts";
import type { PushRecord } from "../model/push-record.ts";
import type { RoomSize } from "../model/room-size.ts";
import { partsFor } from "./plan.ts";

const maxSessionsPerTask = 200;

/** The delay of the n-th retry of failed posts: 2, 4, 8 s. */
export const retryDelayMs = (retry: number) => 1000 * 2 ** retry;
/** Posts that still fail are dead-lettered. */
const maxRetries = 3;
/** The number of this retry; 0 for a task that posts to a part of the room. */
export const retriesOf = ({ to, hop }: FanOutTask): number => ("sessions" in to ? hop : 0);
export const isLastRetry = (task: FanOutTask): boolean => retriesOf(task) >= maxRetries;

/**
 * Enqueues one task per part of the room.
 *
 * @returns the number of parts
 */
export async function enqueueParts(
  { pushes, enqueueTasks, fanOut }: Pick<Deps, "pushes" | "enqueueTasks" | "fanOut">,
  outgoing: OutgoingMessage,
  roomSize: RoomSize,
  record: PushRecord,
): Promise<number> {
  // A push that is repeated, after a crash or concurrently, enqueues tasks with the same ids: each is done once.
  const parts = await pushes.recordParts(outgoing.messageId, record, partsFor(roomSize, fanOut));
  await enqueueTasks(partsOf(parts).map((part) => partTask(outgoing, part)));
  return parts;
}

/** The task that posts a message to one part of the room. */
export const partTask = (outgoing: OutgoingMessage, to: Part): FanOutTask => ({
  ...outgoing,
  taskId: `${to.index}/${to.of}`,
  to,
  hop: 0,
});

/** Tasks for members whose posts failed. */
export function retryTasks(
  { newId }: Pick<Deps, "newId">,
  outgoing: OutgoingMessage,
  sessions: readonly string[],
  retry: number,
): FanOutTask[] {
  const tasks: FanOutTask[] = [];
  for (let from = 0; from < sessions.length; from += maxSessionsPerTask) {
    const to = { sessions: sessions.slice(from, from + maxSessionsPerTask) };
    tasks.push({ ...outgoing, taskId: newId(), to, hop: retry });
  }
  return tasks;
}
