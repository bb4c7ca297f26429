import { subjectOf } from "../../../protocol/ids.ts";
import type { Deps } from "../model/deps.ts";
import type { Member } from "../model/member.ts";
import type { Room } from "../model/room.ts";

/** Ack checks are scheduled and run by different machines, whose clocks differ a little. */
const clockSkewMs = 500;

/** Whether an ack check is scheduled that has not started yet, and starts at `atMs` or before. */
export const isCheckedBy = ({ ackCheckAtMs }: Pick<Room, "ackCheckAtMs">, atMs: number, nowMs: number): boolean =>
  ackCheckAtMs > nowMs + clockSkewMs && ackCheckAtMs <= atMs + clockSkewMs;

/** Schedules an ack check of a room and records it. In this order, a crash in between causes an additional check, not none. */
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
 * Makes sure that an ack check will find a new message. One check covers all messages of a room: a check that is already
 * scheduled will do, and schedules the next one if it is too early for this message.
 *
 * @param room as it was when the message took its number
 * @param members the first members; in a large room, a sample of all
 * @param underWayMs the time that the posts to all members and their acks take
 */
export async function ensureAckCheck(
  deps: Pick<Deps, "scheduleAckCheck" | "rooms" | "redeliverAfterMs" | "now">,
  room: Room,
  members: readonly Member[],
  underWayMs = 0,
): Promise<void> {
  const { redeliverAfterMs, now } = deps;
  const { roomId } = room;
  // A login that holds the lease starts at an older number, but its membership was not written yet.
  const isLoginPending = room.lease !== undefined && room.lease.expiresAtMs > now();
  // A user without a connection does not have the message either.
  const isExpected = members.some(({ acks }) => acks) || isLoginPending || subjectOf(roomId) !== undefined;
  const afterMs = redeliverAfterMs + underWayMs;
  // A check that waits for a member's third redelivery is too late for this message.
  if (!isExpected || isCheckedBy(room, now() + afterMs, now())) return;
  await scheduleRoomCheck(deps, roomId, afterMs);
}
