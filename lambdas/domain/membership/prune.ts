import { everyone } from "../../../protocol/ids.ts";
import type { Deps } from "../model/deps.ts";
import type { Member } from "../model/member.ts";
import { isImplicit } from "../model/room.ts";
import { disconnect } from "./connection.ts";
import { endMembership, type MembershipDeps } from "./end-membership.ts";

export type PruneDeps = MembershipDeps & Pick<Deps, "connections" | "gateway">;

/** API Gateway answers 410 for a connection until its handshake is complete, although its row exists. */
const handshakeMs = 10_000;

/**
 * Removes a connection whose `$disconnect` was lost, and its memberships.
 *
 * @returns whether the connection has ended
 */
export async function prune(
  deps: PruneDeps,
  roomId: string,
  { connectionId, session, connectedAtMs }: Member,
): Promise<boolean> {
  // In other rooms the session has logged in, so its handshake was complete.
  if (isImplicit(roomId) && deps.now() - connectedAtMs < handshakeMs) return false;
  // A 410 can follow a post that arrived. A second answer is needed before a session loses its rooms.
  if (await deps.gateway.isOpen(connectionId)) return false;
  await disconnect(deps, connectionId);
  // A membership that was written late can outlive its connection row. In the room of everyone the row is the membership.
  if (roomId !== everyone) await endMembership(deps, roomId, session, connectionId);
  return true;
}
