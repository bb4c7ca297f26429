import type { Position } from "../../../../protocol/frames.ts";
import { limits } from "../../../../protocol/limits.ts";
import type { Connection } from "../../model/connection.ts";
import type { Deps } from "../../model/deps.ts";
import type { NewMember } from "../../model/member.ts";
import { isPolling, pollingLeaseMs } from "../../model/polling.ts";
import { connectionGone, type LoginResult, refuse } from "./login-result.ts";

/** The membership that a policy grants. */
interface Grant extends Pick<NewMember, "generation" | "holdsLease"> {
  /** The session's existing membership continues, with its cursor, if it is of this generation or a newer one. */
  ownSince: number;
}

/**
 * Writes the session's membership, and adds the room to its connection. A session that is a member already keeps its
 * cursor; catch-up options are applied later, by the reply.
 *
 * @param from the start position of a new membership
 * @param head the newest `seq` of the room
 */
export async function admit(
  deps: Pick<Deps, "members" | "connections" | "rooms" | "now">,
  roomId: string,
  self: Connection,
  grant: Grant,
  from: Position,
  head: number,
): Promise<LoginResult> {
  const { members, connections, rooms } = deps;
  const { session, connectionId } = self;
  const [result, added] = await Promise.all([
    writeMembership(deps, roomId, self, grant, from, head),
    isPolling(self) ? "done" : connections.addRoom(connectionId, roomId),
  ]);
  if (result.kind !== "in" || added === "done") return result;
  // `$disconnect` may have run before the membership was written. No other function would remove it.
  await members.remove(roomId, session, connectionId);
  if (grant.holdsLease) await rooms.release(roomId, connectionId);
  return added === "gone"
    ? connectionGone
    : refuse(`a connection may be in ${limits.roomsPerConnection} rooms, connect again to start over`);
}

async function writeMembership(
  deps: Pick<Deps, "members" | "now">,
  roomId: string,
  self: Connection,
  { ownSince, generation, holdsLease }: Grant,
  from: Position,
  head: number,
): Promise<LoginResult> {
  const { members } = deps;
  const granted = { generation, holdsLease, requestedAtMs: self.requestedAtMs ?? 0 };
  const result = { kind: "in" as const, generation, epoch: from.epoch, seq: from.seq, head };
  const fresh = { ...membershipOf(deps, self, from), ...granted };
  if ((await members.put(roomId, fresh, ownSince)) === "done") return result;
  // Read only now, because it is rare that the session is a member already.
  const mine = await members.get(roomId, self.session);
  const isOwn = mine?.subject === self.subject && mine.generation >= ownSince;
  const at = isOwn && mine.cursor?.epoch === from.epoch ? mine.cursor : from;
  const kept = { ...membershipOf(deps, self, at), ...(isOwn && { startSeq: mine.startSeq }), ...granted };
  if ((await members.put(roomId, kept)) === "superseded") {
    return refuse("a newer connection of this session is a member of the room");
  }
  return { ...result, seq: at.seq, ...(isOwn && { isResumed: true }) };
}

/** The fields of a membership that come from its session. A client that acks starts with its cursor at `from`. */
export function membershipOf({ now }: Pick<Deps, "now">, self: Connection, from: Position) {
  const { session, connectionId, connectedAtMs, subject, acks } = self;
  return {
    session,
    connectionId,
    connectedAtMs,
    subject,
    ...(acks && { cursor: { epoch: from.epoch, seq: from.seq } }),
    ...(isPolling(self) && { leaseExpiresAtMs: now() + pollingLeaseMs }),
  };
}
