import type { Deps } from "../model/deps.ts";
import { isCurrent, type Member } from "../model/member.ts";
import type { Room } from "../model/room.ts";
import type { Debt } from "../model/unacked-range.ts";
import { isLookedAtBy, orderLook } from "../schedule/ack-check.ts";
import { reportAfterMs } from "../schedule/ack-wait.ts";

type OweDeps = Pick<Deps, "debts" | "rooms" | "scheduleLook" | "redeliverAfterMs" | "newId" | "now">;

/** What a place leaves behind that ends now; `undefined` if it has all, does not ack, or was put out. */
export function debtOf(
  { newId, now }: Pick<Deps, "newId" | "now">,
  place: Pick<Member, "session" | "connectionId" | "subject" | "cursor" | "givenUpSeq" | "generation">,
  room: Room,
): Debt | undefined {
  const { session, connectionId, subject, cursor, givenUpSeq } = place;
  if (!cursor || !isCurrent(place, room)) return undefined;
  const { epoch, seq: upTo } = room;
  const after = cursor.epoch === epoch ? Math.max(cursor.seq, givenUpSeq) : 0;
  return after < upTo ? { id: newId(), session, connectionId, subject, epoch, after, upTo, atMs: now() } : undefined;
}

/**
 * Notes what somebody is owed who goes, and sees to it that a look comes upon it: one that is ordered anyway does. To be
 * called before the place is removed: who is behind is at any moment in one of the two.
 *
 * @param room as it was read for the debt
 */
export async function owe(deps: OweDeps, room: Room, debt: Debt): Promise<void> {
  const patience = { afterMs: deps.redeliverAfterMs, ackWithinMs: 0 };
  const dueMs = Math.max(room.lastAtMs + reportAfterMs(patience), deps.now() + deps.redeliverAfterMs);
  const isLookedAt = () => isLookedAtBy(room, dueMs, deps.now());
  const order = () => orderLook(deps, room.roomId, dueMs - deps.now());
  const wasLookedAt = isLookedAt();
  if (!wasLookedAt) await order();
  await deps.debts.note(room.roomId, debt);
  // That look may have begun while this was written.
  if (wasLookedAt && !isLookedAt()) await order();
}
