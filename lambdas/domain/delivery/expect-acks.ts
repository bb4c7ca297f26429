import { subjectOf } from "../../../protocol/ids.ts";
import type { Deps, Member, Room } from "../ports.ts";

/** Looks are ordered and made by different machines, whose clocks differ a little. */
const clockSkewMs = 500;

/** Whether a look is under way that has not begun, and begins at that moment or before. */
export const isLookedAtBy = ({ lookAtMs }: Pick<Room, "lookAtMs">, atMs: number, nowMs: number): boolean =>
  lookAtMs > nowMs + clockSkewMs && lookAtMs <= atMs + clockSkewMs;

/**
 * Sees to it that somebody looks whether a new message was acked. One look does for all messages of a room: one that is
 * ordered already will see this message too, and order the next if that is too early.
 *
 * @param room as it was when the message took its number
 * @param members the first of them; of a large room they stand for all
 * @param underWayMs how long it takes to post to all of them, and they take to ack
 */
export async function expectAcks(
  { scheduleLook, rooms, redeliverAfterMs, now }: Pick<Deps, "scheduleLook" | "rooms" | "redeliverAfterMs" | "now">,
  room: Room,
  members: readonly Member[],
  underWayMs = 0,
): Promise<void> {
  const { roomId } = room;
  // Somebody who is coming in has been told an older number, but its place could not be seen yet.
  const isEntering = room.holder !== undefined && room.holder.untilMs > now();
  // A person who is nowhere has not got the message either.
  const isExpected = members.some(({ acks }) => acks) || isEntering || subjectOf(roomId) !== undefined;
  const afterMs = redeliverAfterMs + underWayMs;
  const atMs = now() + afterMs;
  // One that waits for somebody's third try comes too late for this message.
  if (!isExpected || isLookedAtBy(room, atMs, now())) return;
  // The order first: a crash in between makes one look too many, the other order would make none.
  await scheduleLook({ roomId, round: 0 }, afterMs);
  await rooms.noteLook(roomId, atMs);
}
