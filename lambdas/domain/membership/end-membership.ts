import type { Deps } from "../model/deps.ts";
import type { Member } from "../model/member.ts";
import { isImplicit, type Room } from "../model/room.ts";
import type { UnackedRange } from "../model/unacked-range.ts";
import { keepIfMoved, keepResumePoint } from "./keep-resume-point.ts";
import { recordUnacked, unackedRangeOf } from "./record-unacked.ts";

export type MembershipDeps = Pick<
  Deps,
  "members" | "rooms" | "resumePoints" | "unackedRanges" | "scheduleAckCheck" | "redeliverAfterMs" | "newId" | "now"
>;

/**
 * Ends the membership of a session that leaves. A membership that has moved to another connection stays.
 *
 * @param requestedAtMs time of the request to leave; the membership of a later login stays
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
  // First: the position is in one of the two at any moment, also after a crash in between.
  await keepResumePoint(deps, roomId, membership);
  const removed = await members.remove(roomId, session, connectionId, requestedAtMs);
  if (removed)
    await Promise.all([
      keepIfMoved({ resumePoints }, roomId, membership?.cursor, removed),
      release(deps, roomId, removed),
    ]);
}

/**
 * Ends the membership of a connection that has ended. Unlike `removeMembership` it records the unacked range: an ack check
 * reports those messages, unless the user returns for them.
 */
export async function endMembership(
  deps: MembershipDeps,
  roomId: string,
  session: string,
  connectionId: string,
): Promise<void> {
  const { members, resumePoints, rooms } = deps;
  // Ack checks of a user's own room cover users without any connection, and no session departs from `@all`.
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
  await correctUnacked(deps, roomId, after, removed, range);
}

/**
 * Replaces the recorded range if it was out of date when the membership was removed: meanwhile a message may have been
 * appended, acked or exhausted.
 */
async function correctUnacked(
  deps: MembershipDeps,
  roomId: string,
  room: Room | undefined,
  removed: Member,
  recorded: UnackedRange | undefined,
): Promise<void> {
  const range = room && unackedRangeOf(deps, removed, room);
  const startsLater = recorded && range?.after !== recorded.after;
  if (range && (startsLater || range.upTo !== recorded?.upTo)) await recordUnacked(deps, room, range);
  if (startsLater) await deps.unackedRanges.clear(roomId, recorded);
}

/** Releases the lease of a removed membership. In this order the room may seem occupied, but never free while it has a member. */
async function release(
  { rooms }: Pick<Deps, "rooms">,
  roomId: string,
  { holdsLease, connectionId }: Member,
): Promise<void> {
  if (holdsLease) await rooms.release(roomId, connectionId);
}
