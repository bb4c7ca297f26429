import type { FanOutLimits } from "../model/fan-out-task.ts";
import { estimate, type RoomSize } from "../model/room-size.ts";

/** How long a worker is at one task before it hands on the rest. */
export const taskBudgetMs = 22_000;

/** What a plan fills of the rounds that there can be: a room may have grown, posts may hang. */
const plannedHops = 8;

/** Less than this is not worth a task of its own. */
const minMembersPerPart = 250;

/** Nobody can say how many are connected without counting them: enough for some millions, few enough for some hundred. */
const minPartsOfEveryone = 40;

/** Lambda adds workers five a second: who comes first takes over from who comes last. */
const minPartsPerWorker = 4;

/**
 * Into how many parts a room is divided. Large ones, since the queue is worked on by few at once: as many as there are
 * workers, and more only where one of them could not get to the end of its part.
 */
export function partsFor(roomSize: RoomSize, { postsPerSecond, workers }: FanOutLimits): number {
  const members = estimate(roomSize);
  // As many for each worker: otherwise some have nothing to do while the last parts are gone through.
  if (members === undefined) return Math.max(minPartsPerWorker, Math.ceil(minPartsOfEveryone / workers)) * workers;
  const maxMembersPerPart = (postsPerSecond / workers) * (taskBudgetMs / 1000) * plannedHops;
  const wanted = Math.min(workers, Math.ceil(members / minMembersPerPart));
  return Math.max(1, wanted, Math.ceil(members / maxMembersPerPart));
}

/** How long it takes to post to a room, if nothing else waits. */
export function fanOutMs(roomSize: RoomSize, { postsPerSecond }: FanOutLimits): number {
  return Math.ceil(((estimate(roomSize) ?? 0) / postsPerSecond) * 1000);
}
