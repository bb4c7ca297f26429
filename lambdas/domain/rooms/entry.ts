import { frameCodes, frameTexts } from "../../../protocol/codes.ts";
import type { LoginFrame, Position } from "../../../protocol/frames.ts";
import { limits } from "../../../protocol/limits.ts";
import type { Begin } from "../log/begin.ts";
import type { Caller, Connection, Deps, NewMember, Room } from "../ports.ts";
import { evictedFrame } from "./evict.ts";
import { isGranted } from "./grants.ts";
import { isPoller, leaseMs } from "./poller.ts";

/**
 * The session is in and gets everything behind `seq`; `head` is the newest known. Where the two differ, what is between
 * them may have been posted before the place was there.
 */
export interface Admitted extends Position {
  kind: "in";
  /** The place was there already, with what was acked in it. */
  isResumed?: true;
  /** By the member's own word it has everything up to here, and the books say so. */
  ackedSeq?: number;
  generation: number;
  head: number;
  /** If the room was read after the place was written: what it does not count yet will be posted there. */
  room?: Room;
}
/** What a login came to; the codes that pages know say it in other words. */
export type Entry =
  | Admitted
  | { kind: "occupied" }
  | { kind: "evicted"; generation: number }
  | { kind: "refused"; why: string };

/** A way into a room. `self` is still being read when a policy begins, which saves a round trip. */
export type Enter = (
  deps: Deps,
  roomId: string,
  caller: Pick<Caller, "connectionId">,
  self: Promise<Connection | undefined>,
  begin: Begin,
) => Promise<Entry>;

/** @param why for the page's developer */
export const refuse = (why: string): Entry => ({ kind: "refused", why });
/** The connection ended while its login was under way: nobody hears this. */
export const connectionGone = refuse("the connection has ended");
export const tooBusy = refuse("too many logins to the room at once, try again");

/** What forbids a login whatever the room's state, or `undefined`. */
export function refusalOf({ now }: Pick<Deps, "now">, caller: Caller, roomId: string): Entry | undefined {
  if (caller.tokenExpiresAtMs <= now()) return refuse("the token has expired, connect again with a new one");
  if (!isGranted(caller.grants.rooms, roomId)) return refuse(`the token does not allow room ${roomId}`);
  return undefined;
}

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

/** The reply to a login. */
export function loginFrame(roomId: string, entry: Entry): LoginFrame {
  switch (entry.kind) {
    case "in": {
      const { generation, epoch, seq } = entry;
      const data = { code: frameCodes.loggedIn, msg: frameTexts.loggedIn(roomId) };
      return { type: "loggedIn", eventName: "loginRoomResp", data, roomId, generation, epoch, seq };
    }
    case "occupied":
      return failed(roomId, frameCodes.occupied, frameTexts.occupied(roomId));
    case "refused":
      return failed(roomId, frameCodes.loginFailed, entry.why);
    case "evicted":
      return evictedFrame(roomId, entry.generation);
  }
}

function failed(roomId: string, code: "2003" | "2004", msg: string): LoginFrame {
  return { type: "loginFailed", eventName: "loginRoomResp", data: { code, msg }, roomId };
}
