import type { Deps } from "../model/deps.ts";
import type { Member } from "../model/member.ts";
import { isImplicit } from "../model/room.ts";
import { keepIfMoved, keepResumePoint } from "./keep-resume-point.ts";
import { recordUnacked, unackedRangeOf } from "./record-unacked.ts";

export type MembershipDeps = Pick<
  Deps,
  "members" | "rooms" | "resumePoints" | "unackedRanges" | "scheduleAckCheck" | "redeliverAfterMs" | "newId" | "now"
>;

/**
 * Removes the place of somebody who leaves; one that their session has taken to another connection stays.
 *
 * @param requestedAtMs so does one by a login that was asked for later than this
 */
export async function removeMembership(
  deps: Pick<Deps, "members" | "rooms" | "resumePoints">,
  roomId: string,
  session: string,
  connectionId: string,
  requestedAtMs?: number,
): Promise<void> {
  const { members, resumePoints } = deps;
  const membership = await members.get(roomId, session);
  // First: whoever comes back meanwhile, or after a crash in between, finds where they stopped in one of the two.
  await keepResumePoint(deps, roomId, membership);
  const removed = await members.remove(roomId, session, connectionId, requestedAtMs);
  if (removed)
    await Promise.all([
      keepIfMoved({ resumePoints }, roomId, membership?.cursor, removed),
      release(deps, roomId, removed),
    ]);
}

/**
 * Removes the place of a connection that has ended, as `givePlaceBack` does. What came while it was there and was not
 * acked is owed: a look reports it unless the person comes back for it.
 */
export async function endMembership(
  deps: MembershipDeps,
  roomId: string,
  session: string,
  connectionId: string,
): Promise<void> {
  const { members, resumePoints, rooms } = deps;
  // Somebody who is nowhere is looked for by the looks at their own room; and nobody has left everyone.
  const readRoom = async () => (isImplicit(roomId) ? undefined : rooms.get(roomId));
  const [membership, room] = await Promise.all([members.get(roomId, session), readRoom()]);
  const range = membership?.connectionId === connectionId && room ? unackedRangeOf(deps, membership, room) : undefined;
  await Promise.all([keepResumePoint(deps, roomId, membership), room && range && recordUnacked(deps, room, range)]);
  const removed = await members.remove(roomId, session, connectionId);
  if (!removed) return;
  const [after] = await Promise.all([
    readRoom(),
    keepIfMoved({ resumePoints }, roomId, membership?.cursor, removed),
    release(deps, roomId, removed),
  ]);
  // Meanwhile a message may have taken its number, or been acked or given up.
  const late = after && unackedRangeOf(deps, removed, after);
  const isLess = range && late?.after !== range.after;
  if (late && (isLess || late.upTo !== range?.upTo)) await recordUnacked(deps, after, late);
  if (isLess) await deps.unackedRanges.clear(roomId, range);
}

/** The claim goes after the place: between the two the room looks taken, never free while somebody is in. */
async function release(
  { rooms }: Pick<Deps, "rooms">,
  roomId: string,
  { holdsLease, connectionId }: Member,
): Promise<void> {
  if (holdsLease) await rooms.release(roomId, connectionId);
}
