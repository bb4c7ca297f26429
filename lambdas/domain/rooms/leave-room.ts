import { frameCodes, frameTexts } from "../../../protocol/codes.ts";
import type { FrameOf, ServerFrame } from "../../../protocol/frames.ts";
import { keepIfMoved, stopOf } from "../log/stop.ts";
import type { Caller, Deps, Member } from "../ports.ts";

/** Gives the caller's place in a room back. Leaving a room that one is not in succeeds as well. */
export async function leaveRoom(deps: Deps, caller: Caller, { roomId }: FrameOf<"leaveRoom">): Promise<ServerFrame> {
  const self = await deps.connections.get(caller.connectionId);
  if (self) {
    const { session, connectionId } = self;
    await endPlace(deps, roomId, session, connectionId, caller.askedAtMs);
    // A client that had no answer leaves twice; the second time it may be in again by then.
    const place = caller.askedAtMs === undefined ? undefined : await deps.members.get(roomId, session);
    // Last: were it first, a crash in between would leave a place that `$disconnect` does not know of.
    if (place?.connectionId !== connectionId) await deps.connections.removeRoom(connectionId, roomId);
  }
  const data = { code: frameCodes.left, msg: frameTexts.left(roomId) };
  return { type: "left", eventName: "leaveRoomResp", data, roomId };
}

/**
 * Removes a connection's place; one that its session has taken to another connection stays.
 *
 * @param askedAtMs so does one by a login that was asked for later than this
 */
export async function endPlace(
  deps: Pick<Deps, "members" | "rooms" | "cursors">,
  roomId: string,
  session: string,
  connectionId: string,
  askedAtMs?: number,
): Promise<void> {
  const place = await deps.members.get(roomId, session);
  const ended = await removePlace(deps, roomId, { ...place, session, connectionId }, askedAtMs);
  // The claim goes after the place: between the two the room looks taken, never free while somebody is in.
  if (ended?.holds) await deps.rooms.release(roomId, connectionId);
}

/**
 * Removes a place, if it still is that connection's, and keeps where its subject stopped. The latter first: whoever
 * comes back meanwhile, or after a crash in between, finds it in one of the two.
 */
async function removePlace(
  { members, cursors }: Pick<Deps, "members" | "cursors">,
  roomId: string,
  { session, connectionId, ...place }: Pick<Member, "session" | "connectionId"> & Partial<Member>,
  askedAtMs?: number,
): Promise<Member | undefined> {
  const { subject, cursor } = place;
  const before = stopOf(place);
  if (subject !== undefined && before) await cursors.keep(roomId, subject, before);
  const removed = await members.remove(roomId, session, connectionId, askedAtMs);
  if (removed) await keepIfMoved({ cursors }, roomId, cursor, removed);
  return removed;
}
