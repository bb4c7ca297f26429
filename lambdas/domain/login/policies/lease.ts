import type { Caller } from "../../model/connection.ts";
import type { Deps } from "../../model/deps.ts";
import type { Member } from "../../model/member.ts";
import { isCurrent } from "../../model/member.ts";
import type { Lease, Room } from "../../model/room.ts";

/** Longer than the timeout of the functions that log in, so that no membership is written after its lease has expired. */
const leaseDurationMs = 30_000;

/** The lease of a connection whose login is under way. */
export const leaseFor = (
  { now }: Pick<Deps, "now">,
  { connectionId, transport }: Pick<Caller, "connectionId" | "transport">,
): Lease => ({
  connectionId,
  transport,
  expiresAtMs: now() + leaseDurationMs,
});

/** The room's lease, if it has not expired and its holder has not written its membership yet. */
export function pendingLease(room: Room, members: readonly Member[], nowMs: number): Lease | undefined {
  const { lease } = room;
  if (!lease || lease.expiresAtMs <= nowMs) return undefined;
  // A membership of an older generation is from an earlier login of the same page.
  const isWritten = members.some((member) => member.connectionId === lease.connectionId && isCurrent(member, room));
  return isWritten ? undefined : lease;
}
