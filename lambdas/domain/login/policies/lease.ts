import type { Caller } from "../../model/connection.ts";
import type { Deps } from "../../model/deps.ts";
import type { Member } from "../../model/member.ts";
import { isCurrent } from "../../model/member.ts";
import type { Lease, Room } from "../../model/room.ts";

/** Longer than the Lambda that writes the holder's place may run, so that a place is never written after its claim ended. */
const leaseDurationMs = 30_000;

/** The claim of a connection that is on its way in. */
export const leaseFor = (
  { now }: Pick<Deps, "now">,
  { connectionId, transport }: Pick<Caller, "connectionId" | "transport">,
): Lease => ({
  connectionId,
  transport,
  expiresAtMs: now() + leaseDurationMs,
});

/** The connection that has claimed the room and not yet written its place, if there is one. */
export function pendingLease(room: Room, members: readonly Member[], nowMs: number): Lease | undefined {
  const { lease } = room;
  if (!lease || lease.expiresAtMs <= nowMs) return undefined;
  // A place of an older generation is not the one it claimed: the same page logs in once more.
  const isWritten = members.some((member) => member.connectionId === lease.connectionId && isCurrent(member, room));
  return isWritten ? undefined : lease;
}
