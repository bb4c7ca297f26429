import { everyone } from "../../../protocol/ids.ts";

/** So many members are posted to at once by whoever pushes; of a larger room each part is a task of its own. */
export const inlineMembers = 250;

/** What is known of a room by its first page. */
export interface RoomSize {
  /** How many members were seen. */
  seen: number;
  /** Which share of the room that is, above 0 and at most 1; absent where nothing says so. */
  share?: number;
}

/** @param share as the members' port tells it */
export const roomSizeOf = ({ members, share }: { members: readonly unknown[]; share?: number }): RoomSize => ({
  seen: members.length,
  ...(share !== undefined && { share }),
});

/** About how many members there are, if anything says so. */
export const estimate = ({ seen, share }: RoomSize): number | undefined =>
  share === undefined ? undefined : Math.ceil(seen / share);

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
export function ackWithinMs(roomId: string, roomSize: RoomSize): number | undefined {
  const members = roomId === everyone ? 0 : (estimate(roomSize) ?? 0);
  const doublings = Math.ceil(Math.log2((members * 1000) / acksPerSecond / usualAckMs));
  return doublings > 0 ? usualAckMs * 2 ** doublings : undefined;
}
