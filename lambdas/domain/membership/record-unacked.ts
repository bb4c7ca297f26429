import type { Deps } from "../model/deps.ts";
import { isCurrent, type Member } from "../model/member.ts";
import type { Room } from "../model/room.ts";
import type { UnackedRange } from "../model/unacked-range.ts";
import { isCheckedBy, scheduleRoomCheck } from "../schedule/ack-check.ts";
import { reportAfterMs } from "../schedule/ack-wait.ts";

type RecordUnackedDeps = Pick<
  Deps,
  "unackedRanges" | "rooms" | "scheduleAckCheck" | "redeliverAfterMs" | "newId" | "now"
>;

/** What a place leaves behind that ends now; `undefined` if it has all, does not ack, or was put out. */
export function unackedRangeOf(
  { newId, now }: Pick<Deps, "newId" | "now">,
  membership: Pick<Member, "session" | "connectionId" | "subject" | "cursor" | "exhaustedSeq" | "generation">,
  room: Room,
): UnackedRange | undefined {
  const { session, connectionId, subject, cursor, exhaustedSeq } = membership;
  if (!cursor || !isCurrent(membership, room)) return undefined;
  const { epoch, seq: upTo } = room;
  const after = cursor.epoch === epoch ? Math.max(cursor.seq, exhaustedSeq) : 0;
  return after < upTo ? { id: newId(), session, connectionId, subject, epoch, after, upTo, atMs: now() } : undefined;
}

/**
 * Notes what somebody is owed who goes, and sees to it that a look comes upon it: one that is ordered anyway does. To be
 * called before the place is removed: who is behind is at any moment in one of the two.
 *
 * @param room as it was read for the debt
 */
export async function recordUnacked(deps: RecordUnackedDeps, room: Room, range: UnackedRange): Promise<void> {
  const ackWait = { afterMs: deps.redeliverAfterMs, ackWithinMs: 0 };
  const dueMs = Math.max(room.lastAtMs + reportAfterMs(ackWait), deps.now() + deps.redeliverAfterMs);
  const isScheduled = () => isCheckedBy(room, dueMs, deps.now());
  const order = () => scheduleRoomCheck(deps, room.roomId, dueMs - deps.now());
  const wasScheduled = isScheduled();
  if (!wasScheduled) await order();
  await deps.unackedRanges.record(room.roomId, range);
  // That look may have begun while this was written.
  if (wasScheduled && !isScheduled()) await order();
}
