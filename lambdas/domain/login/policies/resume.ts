import type { Position } from "../../../../protocol/frames.ts";
import { endMembership, type MembershipDeps } from "../../membership/end-membership.ts";
import type { Connection } from "../../model/connection.ts";
import type { Deps } from "../../model/deps.ts";
import type { Member } from "../../model/member.ts";
import { isPolling } from "../../model/polling.ts";
import type { Room } from "../../model/room.ts";
import { membershipOf } from "./admit.ts";
import { connectionGone, type LoginResult } from "./login-result.ts";

/**
 * Moves a session's membership to its new connection, whatever the policy and the other members.
 *
 * @returns `changed` if the membership or the room's generation changed meanwhile
 */
export async function resumeMembership(
  deps: MembershipDeps & Pick<Deps, "connections">,
  room: Room,
  self: Connection,
  mine: Member,
): Promise<LoginResult | "changed"> {
  const { session, connectionId, requestedAtMs } = self;
  const { generation, holdsLease } = mine;
  // A cursor of another epoch is worthless, and a client that does not ack has none.
  const from = mine.cursor?.epoch === room.epoch ? mine.cursor : room;
  const [moved, added] = await Promise.all([
    deps.members.move(room.roomId, {
      ...membershipOf(deps, self, from),
      startSeq: mine.startSeq,
      generation,
      holdsLease,
      requestedAtMs,
    }),
    isPolling(self) ? "done" : deps.connections.addRoom(connectionId, room.roomId),
    // A concurrent login may be probing the old connection. Its lease fails once this lease has moved.
    mine.holdsLease && mine.connectionId !== connectionId
      ? deps.rooms.moveLease(room.roomId, mine.connectionId, self)
      : undefined,
  ]);
  if (moved === "changed") return "changed";
  if (added !== "done") {
    await endMembership(deps, room.roomId, session, connectionId);
    return connectionGone;
  }
  const after = await deps.rooms.get(room.roomId);
  if (after?.generation !== generation) return "changed";
  return resumed(after, mine, from);
}

/** @param room read while the membership exists */
export function resumed(room: Room, { generation, cursor, hasAcked }: Member, { epoch, seq }: Position): LoginResult {
  const acked = hasAcked && cursor?.epoch === epoch && { ackedSeq: cursor.seq };
  return { kind: "in", generation, epoch, seq, head: room.seq, room, isResumed: true, ...acked };
}
