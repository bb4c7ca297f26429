import type { Deps } from "../model/deps.ts";
import type { FanOutTask } from "../model/fan-out-task.ts";
import type { Part } from "../model/member.ts";
import { partsOf } from "../model/member.ts";
import type { OutgoingMessage } from "../model/outgoing-message.ts";
import type { PushRecord } from "../model/push-record.ts";
import type { RoomSize } from "../model/room-size.ts";
import { partsFor } from "./plan.ts";

/** One task names so many sessions at most. */
const sessionsPerTask = 200;

/** How long posts that failed wait before they are tried once more: 2, 4, 8 s. */
export const pauseMs = (hop: number) => 1000 * 2 ** hop;
/** How often a list of members is tried before it is put aside. */
const maxRetries = 3;
/** How often those whom the task names were tried again. */
export const retriesOf = ({ to, hop }: FanOutTask): number => ("sessions" in to ? hop : 0);
/** Whether nobody will try again after this. */
export const isLastRetry = (task: FanOutTask): boolean => retriesOf(task) >= maxRetries;

/**
 * Orders one task for each part of the room.
 *
 * @returns how many
 */
export async function enqueueParts(
  { pushes, enqueueTasks, fanOut }: Pick<Deps, "pushes" | "enqueueTasks" | "fanOut">,
  outgoing: OutgoingMessage,
  roomSize: RoomSize,
  record: PushRecord,
): Promise<number> {
  // Whoever pushes the same message again, after a crash or at the same time, orders the very same tasks.
  const parts = await pushes.recordParts(outgoing.messageId, record, partsFor(roomSize, fanOut));
  await enqueueTasks(partsOf(parts).map((part) => partTask(outgoing, part)));
  return parts;
}

/** The message on its way to a part of the room. */
export const partTask = (outgoing: OutgoingMessage, to: Part): FanOutTask => ({
  ...outgoing,
  taskId: `${to.index}/${to.of}`,
  to,
  hop: 0,
});

/** Tasks for members whose posts were refused. */
export function retryTasks(
  { newId }: Pick<Deps, "newId">,
  outgoing: OutgoingMessage,
  sessions: readonly string[],
  hop: number,
): FanOutTask[] {
  const tasks: FanOutTask[] = [];
  for (let from = 0; from < sessions.length; from += sessionsPerTask) {
    const to = { sessions: sessions.slice(from, from + sessionsPerTask) };
    tasks.push({ ...outgoing, taskId: newId(), to, hop });
  }
  return tasks;
}
