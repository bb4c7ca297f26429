import type { Position } from "../../../../protocol/frames.ts";
import { limits } from "../../../../protocol/limits.ts";
import type { Connection } from "../../model/connection.ts";
import type { Deps } from "../../model/deps.ts";
import type { NewMember } from "../../model/member.ts";
import { isPolling, leaseMs } from "../../model/polling.ts";
import { connectionGone, type LoginResult, refuse } from "./login-result.ts";

/** A place as a policy grants it. */
interface Grant extends Pick<NewMember, "generation" | "holdsLease"> {
  /** A place of the session is still its own if it is of this generation or a newer one. */
  ownSince: number;
}

/**
 * Logs the connection's session in with `generation`. One that is in already keeps its cursor, with all that it has not
 * acked; where it goes on by a wish is the reply's to say.
 *
 * @param from where a new place begins
 * @param head where the room's log stands
 */
export async function admit(
  deps: Pick<Deps, "members" | "connections" | "rooms" | "now">,
  roomId: string,
  self: Connection,
  { ownSince, ...membership }: Grant,
  from: Position,
  head: number,
): Promise<LoginResult> {
  const { members, connections, rooms } = deps;
  const { session, connectionId } = self;
  const { generation, holdsLease } = membership;
  const granted = { ...membership, requestedAtMs: self.requestedAtMs ?? 0 };
  const put = async (): Promise<LoginResult> => {
    const result = { kind: "in" as const, generation, epoch: from.epoch, seq: from.seq, head };
    const fresh = { ...membershipOf(deps, self, from), ...granted };
    if ((await members.put(roomId, fresh, ownSince)) === "done") return result;
    // Only now: hardly anybody is in already.
    const mine = await members.get(roomId, session);
    const isOwn = mine?.subject === self.subject && mine.generation >= ownSince;
    const at = isOwn && mine.cursor?.epoch === from.epoch ? mine.cursor : from;
    const kept = { ...membershipOf(deps, self, at), ...(isOwn && { startSeq: mine.startSeq }), ...granted };
    if ((await members.put(roomId, kept)) === "done") {
      return { ...result, seq: at.seq, ...(isOwn && { isResumed: true }) };
    }
    return refuse("a newer connection of this session has the place");
  };
  const [result, noted] = await Promise.all([
    put(),
    isPolling(connectionId) ? "done" : connections.addRoom(connectionId, roomId),
  ]);
  if (result.kind !== "in" || noted === "done") return result;
  // Its `$disconnect` may have run before the place was written: nobody else would give it back.
  await members.remove(roomId, session, connectionId);
  if (holdsLease) await rooms.release(roomId, connectionId);
  return noted === "gone"
    ? connectionGone
    : refuse(`a connection may be in ${limits.roomsPerConnection} rooms, connect again to begin anew`);
}

/** The session's place as it is written; a client that acks has everything up to `from`. */
export function membershipOf({ now }: Pick<Deps, "now">, self: Connection, from: Position) {
  const { session, connectionId, connectedAtMs, subject, acks } = self;
  return {
    session,
    connectionId,
    connectedAtMs,
    subject,
    ...(acks && { cursor: { epoch: from.epoch, seq: from.seq } }),
    ...(isPolling(connectionId) && { leaseExpiresAtMs: now() + leaseMs }),
  };
}
