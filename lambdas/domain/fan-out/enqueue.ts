import type { Deps } from "../model/deps.ts";
import type { FanOutTask } from "../model/fan-out-task.ts";
import type { Part } from "../model/member.ts";
import { partsOf } from "../model/member.ts";
import type { Parcel } from "../model/outgoing-message.ts";
import type { PushRecord } from "../model/push-record.ts";
import type { Glimpse } from "../model/room-size.ts";
import { partsFor } from "./plan.ts";

/** One task names so many sessions at most. */
const sessionsPerTask = 200;

/** How long posts that failed wait before they are tried once more: 2, 4, 8 s. */
export const pauseMs = (round: number) => 1000 * 2 ** round;
/** How often a list of members is tried before it is put aside. */
const mostTries = 3;
/** How often those whom the task names were tried again. */
export const triesOf = ({ to, round }: FanOutTask): number => ("sessions" in to ? round : 0);
/** Whether nobody will try again after this. */
export const isLastTry = (task: FanOutTask): boolean => triesOf(task) >= mostTries;

/**
 * Orders one task for each part of the room.
 *
 * @returns how many
 */
export async function spread(
  { pushes, orderTasks, fanOut }: Pick<Deps, "pushes" | "orderTasks" | "fanOut">,
  parcel: Parcel,
  glimpse: Glimpse,
  record: PushRecord,
): Promise<number> {
  // Whoever pushes the same message again, after a crash or at the same time, orders the very same tasks.
  const parts = await pushes.divide(parcel.messageId, record, partsFor(glimpse, fanOut));
  await orderTasks(partsOf(parts).map((part) => partTask(parcel, part)));
  return parts;
}

/** The message on its way to a part of the room. */
export const partTask = (parcel: Parcel, to: Part): FanOutTask => ({
  ...parcel,
  taskId: `${to.index}/${to.of}`,
  to,
  round: 0,
});

/** Tasks for members whose posts were refused. */
export function tasksAgain(
  { newId }: Pick<Deps, "newId">,
  parcel: Parcel,
  sessions: readonly string[],
  round: number,
): FanOutTask[] {
  const tasks: FanOutTask[] = [];
  for (let from = 0; from < sessions.length; from += sessionsPerTask) {
    const to = { sessions: sessions.slice(from, from + sessionsPerTask) };
    tasks.push({ ...parcel, taskId: newId(), to, round });
  }
  return tasks;
}
