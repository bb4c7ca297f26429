import type { Deps, Member, Room } from "./ports.ts";

/** Looks are ordered and made by different machines, whose clocks differ a little. */
const clockSkewMs = 500;

/**
 * Sees to it that somebody looks whether a new message was acked. One look does for all messages of a room: one that is
 * ordered already will see this message too, and order the next if that is too early.
 *
 * @param room as it was when the message took its number
 * @param members the first of them; of a large room they stand for all
 */
export async function expectAcks(
  { scheduleLook, rooms, redeliverAfterMs, now }: Pick<Deps, "scheduleLook" | "rooms" | "redeliverAfterMs" | "now">,
  room: Room,
  members: readonly Member[],
): Promise<void> {
  const { roomId } = room;
  // Somebody who is coming in has been told an older number, but its place could not be seen yet.
  const isEntering = room.holder !== undefined && room.holder.untilMs > now();
  // A person who is nowhere has not got the message either.
  const isExpected = members.some(({ cursor }) => cursor) || isEntering || isPersonal(roomId);
  if (!isExpected || room.lookAtMs > now() + clockSkewMs) return;
  // The order first: a crash in between makes one look too many, the other order would make none.
  await scheduleLook({ roomId, round: 0 }, redeliverAfterMs);
  await rooms.noteLook(roomId, now() + redeliverAfterMs);
}

/** The room of one subject, who is meant even while no page of it is there. */
export const isPersonal = (roomId: string) => roomId.startsWith("@user/");
