import type { Position } from "../../../../protocol/frames.ts";
import { endMembership, type MembershipDeps } from "../../membership/end-membership.ts";
import type { Connection } from "../../model/connection.ts";
import type { Deps } from "../../model/deps.ts";
import type { Member } from "../../model/member.ts";
import { isPolling } from "../../model/polling.ts";
import type { Room } from "../../model/room.ts";
import { membershipOf } from "./admit.ts";
import { connectionGone, type LoginResult } from "./login-result.ts";

/** A session that comes back takes its own place again, whoever else is in. */
export async function resumeMembership(
  deps: MembershipDeps & Pick<Deps, "connections">,
  room: Room,
  self: Connection,
  mine: Member,
): Promise<LoginResult | "changed"> {
  const { session, connectionId, requestedAtMs } = self;
  const { generation, holdsLease } = mine;
  // Of another epoch there is nothing to go on from; nor for a client that did not ack.
  const from = mine.cursor?.epoch === room.epoch ? mine.cursor : room;
  const [moved, noted] = await Promise.all([
    deps.members.move(room.roomId, {
      ...membershipOf(deps, self, from),
      startSeq: mine.startSeq,
      generation,
      holdsLease,
      requestedAtMs,
    }),
    isPolling(self) ? "done" : deps.connections.addRoom(connectionId, room.roomId),
    // Somebody may be asking the old connection right now: their claim on it fails once it has moved.
    mine.holdsLease && mine.connectionId !== connectionId
      ? deps.rooms.moveLease(room.roomId, mine.connectionId, self)
      : undefined,
  ]);
  if (moved === "changed") return "changed";
  if (noted !== "done") {
    await endMembership(deps, room.roomId, session, connectionId);
    return connectionGone;
  }
  const after = await deps.rooms.get(room.roomId);
  if (after?.generation !== generation) return "changed";
  return resumed(after, mine, from);
}

/** @param room as it stands while the place is there */
export function resumed(room: Room, { generation, cursor, hasAcked }: Member, { epoch, seq }: Position): LoginResult {
  const acked = hasAcked && cursor?.epoch === epoch && { ackedSeq: cursor.seq };
  return { kind: "in", generation, epoch, seq, head: room.seq, room, isResumed: true, ...acked };
}
