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

/** The unacked range of a membership that ends now. `undefined` if it has everything, does not ack, or was evicted. */
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
 * Records the unacked range of a departing member and makes sure that an ack check will find it. A check that is already
 * scheduled will do. Call it before the membership is removed: then one of the two exists at any moment.
 *
 * @param room as it was read for `range`
 */
export async function recordUnacked(deps: RecordUnackedDeps, room: Room, range: UnackedRange): Promise<void> {
  const ackWait = { afterMs: deps.redeliverAfterMs, ackWithinMs: 0 };
  const dueMs = Math.max(room.lastAtMs + reportAfterMs(ackWait), deps.now() + deps.redeliverAfterMs);
  const isScheduled = () => isCheckedBy(room, dueMs, deps.now());
  const schedule = () => scheduleRoomCheck(deps, room.roomId, dueMs - deps.now());
  const wasScheduled = isScheduled();
  if (!wasScheduled) await schedule();
  await deps.unackedRanges.record(room.roomId, range);
  // That check may have started while the range was written.
  if (wasScheduled && !isScheduled()) await schedule();
}
