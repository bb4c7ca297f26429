import { subjectOf } from "../../../protocol/ids.ts";
import type { Deps } from "../model/deps.ts";
import type { Member } from "../model/member.ts";
import type { Room } from "../model/room.ts";

/** Looks are ordered and made by different machines, whose clocks differ a little. */
const clockSkewMs = 500;

/** Whether a look is under way that has not begun, and begins at that moment or before. */
export const isCheckedBy = ({ ackCheckAtMs }: Pick<Room, "ackCheckAtMs">, atMs: number, nowMs: number): boolean =>
  ackCheckAtMs > nowMs + clockSkewMs && ackCheckAtMs <= atMs + clockSkewMs;

/** Orders a look at a room and notes it: in this order, as a crash in between then makes one look too many, not none. */
export async function scheduleRoomCheck(
  { scheduleAckCheck, rooms, now }: Pick<Deps, "scheduleAckCheck" | "rooms" | "now">,
  roomId: string,
  afterMs: number,
): Promise<void> {
  const atMs = now() + afterMs;
  await scheduleAckCheck({ kind: "room", roomId, hop: 0 }, afterMs);
  await rooms.recordAckCheck(roomId, atMs);
}

/**
 * Sees to it that somebody looks whether a new message was acked. One look does for all messages of a room: one that is
 * ordered already will see this message too, and order the next if that is too early.
 *
 * @param room as it was when the message took its number
 * @param members the first of them; of a large room they stand for all
 * @param underWayMs how long it takes to post to all of them, and they take to ack
 */
export async function ensureAckCheck(
  deps: Pick<Deps, "scheduleAckCheck" | "rooms" | "redeliverAfterMs" | "now">,
  room: Room,
  members: readonly Member[],
  underWayMs = 0,
): Promise<void> {
  const { redeliverAfterMs, now } = deps;
  const { roomId } = room;
  // Somebody who is coming in has been told an older number, but its place could not be seen yet.
  const isLoginPending = room.lease !== undefined && room.lease.expiresAtMs > now();
  // A person who is nowhere has not got the message either.
  const isExpected = members.some(({ acks }) => acks) || isLoginPending || subjectOf(roomId) !== undefined;
  const afterMs = redeliverAfterMs + underWayMs;
  // One that waits for somebody's third try comes too late for this message.
  if (!isExpected || isCheckedBy(room, now() + afterMs, now())) return;
  await scheduleRoomCheck(deps, roomId, afterMs);
}
