import { everyone } from "../../../protocol/ids.ts";

/** The maximum number of members to which the push function posts itself. Larger rooms are divided into fan-out tasks. */
export const inlineMembers = 250;

/** What the first page of a room's members says about its size. */
export interface RoomSize {
  /** How many members the page has. */
  seen: number;
  /** The share of the room that the page covers, above 0 and at most 1. Absent if unknown. */
  share?: number;
}

/** @param first as `Members.first` returns it */
export const roomSizeOf = ({ members, share }: { members: readonly unknown[]; share?: number }): RoomSize => ({
  seen: members.length,
  ...(share !== undefined && { share }),
});

/** The estimated number of members; `undefined` if unknown. */
export const estimate = ({ seen, share }: RoomSize): number | undefined =>
  share === undefined ? undefined : Math.ceil(seen / share);

/** Of the 1,000 writes a second that one key takes. The rest is for pushes, logins and the error of the estimate. */
const acksPerSecond = 800;

/** The time within which clients ack by default. */
const usualAckMs = 250;

/**
 * The time over which the members of a room spread their acks, because each ack writes under the room's one key. Each
 * member acks once in that time, at its own moment, so that acks come at an even rate, however many messages there are.
 *
 * The time is a power of two times 250 ms, so it seldom changes while the room grows, and a member keeps its moment when
 * it does.
 *
 * @returns milliseconds; `undefined` for small rooms and for the room of everyone, where each member has its own key
 */
export function ackWithinMs(roomId: string, roomSize: RoomSize): number | undefined {
  const members = roomId === everyone ? 0 : (estimate(roomSize) ?? 0);
  const doublings = Math.ceil(Math.log2((members * 1000) / acksPerSecond / usualAckMs));
  return doublings > 0 ? usualAckMs * 2 ** doublings : undefined;
}
