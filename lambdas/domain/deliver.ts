import { everyone } from "../../protocol/ids.ts";
import { limits } from "../../protocol/limits.ts";
import { disconnect } from "./connection-life.ts";
import { evict, isCurrent } from "./evict.ts";
import { endPlace } from "./leave-room.ts";
import { isPoller } from "./poller.ts";
import { flatten, forEachLimited } from "./pool.ts";
import type { Deps, Member, Outcomes, Room } from "./ports.ts";

/** As many as the SDK keeps sockets for: more would only wait in its queue. */
const postsAtOnce = 50;

type DeliverDeps = Pick<
  Deps,
  "scheduleLook" | "redeliverAfterMs" | "connections" | "members" | "rooms" | "gateway" | "cursors" | "now"
>;

export const noOutcomes = (): Outcomes => ({ members: 0, sent: 0, gone: 0, slow: 0, unknown: 0, waiting: 0 });

/**
 * Posts one frame to all members but the evicted, who are told that. One that fails changes nothing for another.
 *
 * @param seq of the message, absent at `qos` 0
 */
export async function deliver(
  deps: DeliverDeps,
  { roomId, generation }: Pick<Room, "roomId" | "generation">,
  members: AsyncIterable<Member[]>,
  text: string,
  seq?: number,
): Promise<Outcomes> {
  const outcomes = noOutcomes();
  await forEachLimited(flatten(members), postsAtOnce, async (member) => {
    if (!isCurrent(member, { generation })) return evict(deps, roomId, member, generation);
    outcomes.members += 1;
    if (isPoller(member.connectionId) || isFlooded(member, seq)) {
      outcomes.waiting += 1;
      return;
    }
    const outcome = await deps.gateway.post(member.connectionId, text);
    outcomes[outcome] += 1;
    if (outcome === "gone") await prune(deps, roomId, member);
  });
  return outcomes;
}

/** So much is under way to the member that more waits in the log until it acks. */
export const isFlooded = ({ cursor }: Member, seq: number | undefined): boolean =>
  seq !== undefined && cursor !== undefined && seq - cursor.seq > limits.unackedMessages;

/** Until its handshake is over, API Gateway calls a connection gone, though its row is there. */
const handshakeMs = 10_000;

/** Forgets a connection that has ended without a `$disconnect`. */
export async function prune(
  deps: DeliverDeps,
  roomId: string,
  { connectionId, session, connectedAtMs }: Member,
): Promise<void> {
  // In other rooms it has logged in, so it was open.
  if (roomId.startsWith("@") && deps.now() - connectedAtMs < handshakeMs) return;
  // A post was seen to be answered 410 although it arrived: a second witness, before somebody loses their rooms.
  if (await deps.gateway.isOpen(connectionId)) return;
  await disconnect(deps, connectionId);
  // The row may be gone already while this place, written late, is not; of everyone's room the row is the place.
  if (roomId !== everyone) await endPlace(deps, roomId, session, connectionId);
}
