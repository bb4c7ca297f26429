import type { FrameOf } from "../../../protocol/frames.ts";
import { everyone, userRoom } from "../../../protocol/ids.ts";
import type { Caller } from "../model/connection.ts";
import type { Deps } from "../model/deps.ts";
import type { MembershipDeps } from "./end-membership.ts";
import { endMembership } from "./end-membership.ts";

/** Opens the books for a new connection: its row, and its place in the room of its subject. */
export async function connect({ connections, members }: Deps, caller: Caller): Promise<void> {
  const { connectionId, connectedAtMs, subject } = caller;
  // A subject's room has no policy, so the connection itself can be the session there: several tabs are several members.
  const membership = { session: connectionId, connectionId, connectedAtMs, subject, generation: 0, holdsLease: false };
  await Promise.all([connections.put(caller), members.put(userRoom(subject), membership)]);
}

/** Closes the books of a connection that has ended: `$disconnect` said so, or a post found it gone. */
export async function disconnect(
  deps: MembershipDeps & Pick<Deps, "connections">,
  connectionId: string,
): Promise<void> {
  const ended = await deps.connections.remove(connectionId);
  if (!ended) return;
  const { subject, session, rooms, resumePoint } = ended;
  await Promise.all([
    ...rooms.map((roomId) => endMembership(deps, roomId, session, connectionId)),
    endMembership(deps, userRoom(subject), connectionId, connectionId),
    resumePoint && deps.resumePoints.keep(everyone, subject, resumePoint),
  ]);
}

/** The client answered a probe. */
export async function here({ connections }: Deps, caller: Caller, { nonce }: FrameOf<"here">): Promise<undefined> {
  await connections.recordAnswer(caller.connectionId, nonce);
}
