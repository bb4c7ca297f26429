import { everyone } from "../../../protocol/ids.ts";
import type { FanOutLimits, Part } from "../ports.ts";

/** So many members are posted to at once by whoever pushes; of a larger room each part is a task of its own. */
export const inlineMembers = 250;

/** How long a worker is at one task before it hands on the rest. */
export const roundMs = 22_000;
/** What a plan fills of the rounds that there can be: a room may have grown, posts may hang. */
const plannedRounds = 8;
/** Less than this is not worth a task of its own. */
const leastMembersPerPart = 250;
/** Nobody can say how many are connected without counting them: enough for some millions, few enough for some hundred. */
const leastPartsOfEveryone = 40;
/** Lambda adds workers five a second: who comes first takes over from who comes last. */
const leastPartsPerWorker = 4;

/** What is known of a room by its first page. */
export interface Glimpse {
  /** How many members were seen. */
  seen: number;
  /** Which share of the room that is, above 0 and at most 1; absent where nothing says so. */
  share?: number;
}

/** @param share as the members' port tells it */
export const glimpseOf = ({ members, share }: { members: readonly unknown[]; share?: number }): Glimpse => ({
  seen: members.length,
  ...(share !== undefined && { share }),
});

/** About how many members there are, if anything says so. */
export const estimate = ({ seen, share }: Glimpse): number | undefined =>
  share === undefined ? undefined : Math.ceil(seen / share);

/**
 * Into how many parts a room is divided. Large ones, since the queue is worked on by few at once: as many as there are
 * workers, and more only where one of them could not get to the end of its part.
 */
export function partsFor(glimpse: Glimpse, { postsPerSecond, workers }: FanOutLimits): number {
  const members = estimate(glimpse);
  // As many for each worker: otherwise some have nothing to do while the last parts are gone through.
  if (members === undefined) return Math.max(leastPartsPerWorker, Math.ceil(leastPartsOfEveryone / workers)) * workers;
  const mostPerPart = (postsPerSecond / workers) * (roundMs / 1000) * plannedRounds;
  const wanted = Math.min(workers, Math.ceil(members / leastMembersPerPart));
  return Math.max(1, wanted, Math.ceil(members / mostPerPart));
}

/** All parts of a room that is divided into so many. */
export const partsOf = (of: number): Part[] => Array.from({ length: of }, (_, index) => ({ index, of }));

/** A function looks at the cursors of so many in a second or two, and sends again what they lack in some minutes. */
const membersPerLook = 10_000;
const looksAtEveryone = 10;

/** Into how many looks one at the whole room is divided. */
export function looksFor(glimpse: Glimpse): number {
  const members = estimate(glimpse);
  return members === undefined ? looksAtEveryone : Math.max(1, Math.ceil(members / membersPerLook));
}

/** One key takes 1,000 writes a second. The rest is for pushes and logins, and for what an estimate is wrong by. */
const acksPerSecond = 800;
/** In so long clients ack by themselves. */
const usualAckMs = 250;

/**
 * Within how long the members of a room are to ack: all of these are writes under the room's one key. Each acks once in
 * that time, at a moment of its own, so that acks come at an even rate, however many messages there are. It doubles with
 * the room, so that it seldom changes, and so that whoever acks once in one such time keeps its moment in the next longer
 * one.
 *
 * @returns `undefined` if they may as soon as they like; in everyone's room each place has a key of its own
 */
export function ackWithinMs(roomId: string, glimpse: Glimpse): number | undefined {
  const members = roomId === everyone ? 0 : (estimate(glimpse) ?? 0);
  const doublings = Math.ceil(Math.log2((members * 1000) / acksPerSecond / usualAckMs));
  return doublings > 0 ? usualAckMs * 2 ** doublings : undefined;
}

/** How long it takes to post to a room, if nothing else waits. */
export function spreadMs(glimpse: Glimpse, { postsPerSecond }: FanOutLimits): number {
  return Math.ceil(((estimate(glimpse) ?? 0) / postsPerSecond) * 1000);
}
