import { everyone } from "../../../protocol/ids.ts";
import type { DeliverDeps } from "../delivery/deliver.ts";
import type { Member } from "../model/member.ts";
import { disconnect } from "./connection.ts";
import { endMembership } from "./end-membership.ts";

/** Until its handshake is over, API Gateway calls a connection gone, though its row is there. */
const handshakeMs = 10_000;

/** Forgets a connection that has ended without a `$disconnect`. @returns whether it has */
export async function prune(
  deps: DeliverDeps,
  roomId: string,
  { connectionId, session, connectedAtMs }: Member,
): Promise<boolean> {
  // In other rooms it has logged in, so it was open.
  if (roomId.startsWith("@") && deps.now() - connectedAtMs < handshakeMs) return false;
  // A post was seen to be answered 410 although it arrived: a second witness, before somebody loses their rooms.
  if (await deps.gateway.isOpen(connectionId)) return false;
  await disconnect(deps, connectionId);
  // The row may be gone already while this place, written late, is not; of everyone's room the row is the place.
  if (roomId !== everyone) await endMembership(deps, roomId, session, connectionId);
  return true;
}
