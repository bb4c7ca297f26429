import { frameCodes, frameTexts } from "../../../protocol/codes.ts";
import type { FrameOf, ServerFrame } from "../../../protocol/frames.ts";
import { debtOf, owe } from "../delivery/debts.ts";
import { keepIfMoved, stopOf } from "../log/stop.ts";
import type { Caller, Deps, Member } from "../ports.ts";

/** Gives the caller's place in a room back. Leaving a room that one is not in succeeds as well. */
export async function leaveRoom(deps: Deps, caller: Caller, { roomId }: FrameOf<"leaveRoom">): Promise<ServerFrame> {
  const self = await deps.connections.get(caller.connectionId);
  if (self) {
    const { session, connectionId } = self;
    await givePlaceBack(deps, roomId, session, connectionId, caller.askedAtMs);
    // A client that had no answer leaves twice; the second time it may be in again by then.
    const place = caller.askedAtMs === undefined ? undefined : await deps.members.get(roomId, session);
    // Last: were it first, a crash in between would leave a place that `$disconnect` does not know of.
    if (place?.connectionId !== connectionId) await deps.connections.removeRoom(connectionId, roomId);
  }
  const data = { code: frameCodes.left, msg: frameTexts.left(roomId) };
  return { type: "left", eventName: "leaveRoomResp", data, roomId };
}

export type PlaceDeps = Pick<
  Deps,
  "members" | "rooms" | "cursors" | "debts" | "scheduleLook" | "redeliverAfterMs" | "newId" | "now"
>;

/**
 * Removes the place of somebody who leaves; one that their session has taken to another connection stays.
 *
 * @param askedAtMs so does one by a login that was asked for later than this
 */
export async function givePlaceBack(
  deps: Pick<Deps, "members" | "rooms" | "cursors">,
  roomId: string,
  session: string,
  connectionId: string,
  askedAtMs?: number,
): Promise<void> {
  const { members, cursors } = deps;
  const place = await members.get(roomId, session);
  // First: whoever comes back meanwhile, or after a crash in between, finds where they stopped in one of the two.
  await keepStop(deps, roomId, place);
  const removed = await members.remove(roomId, session, connectionId, askedAtMs);
  if (removed)
    await Promise.all([keepIfMoved({ cursors }, roomId, place?.cursor, removed), release(deps, roomId, removed)]);
}

/**
 * Removes the place of a connection that has ended, as `givePlaceBack` does. What came while it was there and was not
 * acked is owed: a look reports it unless the person comes back for it.
 */
export async function endPlace(deps: PlaceDeps, roomId: string, session: string, connectionId: string): Promise<void> {
  const { members, cursors, rooms } = deps;
  // Somebody who is nowhere is looked for by the looks at their own room; and nobody has left everyone.
  const readRoom = async () => (roomId.startsWith("@") ? undefined : rooms.get(roomId));
  const [place, room] = await Promise.all([members.get(roomId, session), readRoom()]);
  const debt = place?.connectionId === connectionId && room ? debtOf(deps, place, room) : undefined;
  await Promise.all([keepStop(deps, roomId, place), room && debt && owe(deps, room, debt)]);
  const removed = await members.remove(roomId, session, connectionId);
  if (!removed) return;
  const [after] = await Promise.all([
    readRoom(),
    keepIfMoved({ cursors }, roomId, place?.cursor, removed),
    release(deps, roomId, removed),
  ]);
  // Meanwhile a message may have taken its number, or been acked or given up.
  const late = after && debtOf(deps, removed, after);
  const isLess = debt && late?.after !== debt.after;
  if (late && (isLess || late.upTo !== debt?.upTo)) await owe(deps, after, late);
  if (isLess) await deps.debts.settle(roomId, debt);
}

async function keepStop({ cursors }: Pick<Deps, "cursors">, roomId: string, place: Member | undefined): Promise<void> {
  const stop = place && stopOf(place);
  if (stop) await cursors.keep(roomId, place.subject, stop);
}

/** The claim goes after the place: between the two the room looks taken, never free while somebody is in. */
async function release({ rooms }: Pick<Deps, "rooms">, roomId: string, { holds, connectionId }: Member): Promise<void> {
  if (holds) await rooms.release(roomId, connectionId);
}
