import type { Deps } from "../model/deps.ts";
import type { Member } from "../model/member.ts";
import { keepIfMoved, keepStop } from "./keep-resume-point.ts";
import { debtOf, owe } from "./record-unacked.ts";

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

/** The claim goes after the place: between the two the room looks taken, never free while somebody is in. */
async function release({ rooms }: Pick<Deps, "rooms">, roomId: string, { holds, connectionId }: Member): Promise<void> {
  if (holds) await rooms.release(roomId, connectionId);
}
