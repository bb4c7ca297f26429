import type { FanOutLimits } from "../model/fan-out-task.ts";
import { estimate, type RoomSize } from "../model/room-size.ts";

/** How long a worker posts before it enqueues the rest of its task. */
export const taskBudgetMs = 22_000;

/** The hops that a plan uses, fewer than the maximum: a room may have grown, and posts may hang. */
const plannedHops = 8;

/** A smaller part is not worth a task. */
const minMembersPerPart = 250;

/** The number of connections is unknown without counting them: enough parts for millions, few enough for hundreds. */
const minPartsOfEveryone = 40;

/** Lambda adds five workers a second: the first ones take over parts from the last ones. */
const minPartsPerWorker = 4;

/**
 * The number of parts that a room is divided into: at most one per worker, and fewer in small rooms. There are more only
 * if a worker could not complete its part within the planned hops. The room of everyone, whose size is unknown, has at
 * least four per worker.
 */
export function partsFor(roomSize: RoomSize, { postsPerSecond, workers }: FanOutLimits): number {
  const members = estimate(roomSize);
  // The same number for each worker: otherwise some are idle while the last parts are posted to.
  if (members === undefined) return Math.max(minPartsPerWorker, Math.ceil(minPartsOfEveryone / workers)) * workers;
  const maxMembersPerPart = (postsPerSecond / workers) * (taskBudgetMs / 1000) * plannedHops;
  const wanted = Math.min(workers, Math.ceil(members / minMembersPerPart));
  return Math.max(1, wanted, Math.ceil(members / maxMembersPerPart));
}

/** How long the posts to a room take if no other task is in the queue; 0 for a room of unknown size. */
export function fanOutMs(roomSize: RoomSize, { postsPerSecond }: FanOutLimits): number {
  return Math.ceil(((estimate(roomSize) ?? 0) / postsPerSecond) * 1000);
}
