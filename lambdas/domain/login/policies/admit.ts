import type { Position } from "../../../../protocol/frames.ts";
import { limits } from "../../../../protocol/limits.ts";
import type { Connection } from "../../model/connection.ts";
import type { Deps } from "../../model/deps.ts";
import type { NewMember } from "../../model/member.ts";
import { isPoller, leaseMs } from "../../model/polling.ts";
import { connectionGone, type Entry, refuse } from "../login-result.ts";

/** A place as a policy grants it. */
interface Grant extends Pick<NewMember, "generation" | "holds"> {
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
export async function takePlace(
  deps: Pick<Deps, "members" | "connections" | "rooms" | "now">,
  roomId: string,
  self: Connection,
  { ownSince, ...place }: Grant,
  from: Position,
  head: number,
): Promise<Entry> {
  const { members, connections, rooms } = deps;
  const { session, connectionId } = self;
  const { generation, holds } = place;
  const placed = { ...place, askedAtMs: self.askedAtMs ?? 0 };
  const put = async (): Promise<Entry> => {
    const entry = { kind: "in" as const, generation, epoch: from.epoch, seq: from.seq, head };
    const fresh = { ...placeOf(deps, self, from), ...placed };
    if ((await members.put(roomId, fresh, ownSince)) === "done") return entry;
    // Only now: hardly anybody is in already.
    const mine = await members.get(roomId, session);
    const isOwn = mine?.subject === self.subject && mine.generation >= ownSince;
    const at = isOwn && mine.cursor?.epoch === from.epoch ? mine.cursor : from;
    const kept = { ...placeOf(deps, self, at), ...(isOwn && { beganSeq: mine.beganSeq }), ...placed };
    if ((await members.put(roomId, kept)) === "done") {
      return { ...entry, seq: at.seq, ...(isOwn && { isResumed: true }) };
    }
    return refuse("a newer connection of this session has the place");
  };
  const [entry, noted] = await Promise.all([
    put(),
    isPoller(connectionId) ? "done" : connections.addRoom(connectionId, roomId),
  ]);
  if (entry.kind !== "in" || noted === "done") return entry;
  // Its `$disconnect` may have run before the place was written: nobody else would give it back.
  await members.remove(roomId, session, connectionId);
  if (holds) await rooms.release(roomId, connectionId);
  return noted === "gone"
    ? connectionGone
    : refuse(`a connection may be in ${limits.roomsPerConnection} rooms, connect again to begin anew`);
}

/** The session's place as it is written; a client that acks has everything up to `from`. */
export function placeOf({ now }: Pick<Deps, "now">, self: Connection, from: Position) {
  const { session, connectionId, connectedAtMs, subject, acks } = self;
  return {
    session,
    connectionId,
    connectedAtMs,
    subject,
    ...(acks && { cursor: { epoch: from.epoch, seq: from.seq } }),
    ...(isPoller(connectionId) && { leaseUntilMs: now() + leaseMs }),
  };
}
