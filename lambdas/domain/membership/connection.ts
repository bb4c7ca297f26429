import type { FrameOf } from "../../../protocol/frames.ts";
import { everyone, userRoom } from "../../../protocol/ids.ts";
import type { Caller } from "../model/connection.ts";
import type { Deps } from "../model/deps.ts";
import type { MembershipDeps } from "./end-membership.ts";
import { endMembership } from "./end-membership.ts";

/** Route `$connect`: writes the connection's row, and its membership in the room of its subject. */
export async function connect({ connections, members }: Deps, caller: Caller): Promise<void> {
  const { connectionId, connectedAtMs, subject } = caller;
  // In the room of a subject each connection is its own session, so several tabs are several members.
  const membership = { session: connectionId, connectionId, connectedAtMs, subject, generation: 0, holdsLease: false };
  await Promise.all([connections.put(caller), members.put(userRoom(subject), membership)]);
}

/** Route `$disconnect`, or a post that found the connection gone: removes the connection and its memberships. */
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

/** The frame `here`: the client's answer to a probe. */
export async function here({ connections }: Deps, caller: Caller, { nonce }: FrameOf<"here">): Promise<undefined> {
  await connections.recordAnswer(caller.connectionId, nonce);
}
