import { disconnect } from "./connection-life.ts";
import { evict, isCurrent } from "./evict.ts";
import { flatten, forEachLimited } from "./pool.ts";
import type { Deps, Member, PostOutcome, Room } from "./ports.ts";

/** As many as the SDK keeps sockets for: more would only wait in its queue. */
const postsAtOnce = 50;

/** A connection to post to, with its place in the room; those of everyone have none. */
export type Recipient = { connectionId: string } | Pick<Member, "connectionId" | "session" | "generation">;
export type Outcomes = Record<PostOutcome, number>;

/** Posts one frame to all recipients but the evicted, who are told that. One that fails changes nothing for another. */
export async function deliver(
  deps: Pick<Deps, "connections" | "members" | "rooms" | "gateway">,
  { roomId, generation }: Pick<Room, "roomId" | "generation">,
  recipients: AsyncIterable<Recipient[]>,
  text: string,
): Promise<Outcomes> {
  const outcomes: Outcomes = { sent: 0, gone: 0, slow: 0, unknown: 0 };
  await forEachLimited(flatten(recipients), postsAtOnce, async (recipient) => {
    if ("session" in recipient && !isCurrent(recipient, { generation })) {
      return evict(deps, roomId, recipient.session, generation);
    }
    const outcome = await deps.gateway.post(recipient.connectionId, text);
    outcomes[outcome] += 1;
    if (outcome === "gone") await prune(deps, roomId, recipient);
  });
  return outcomes;
}

/** Forgets a connection that has ended without a `$disconnect`. */
async function prune(
  deps: Pick<Deps, "connections" | "members" | "rooms" | "gateway">,
  roomId: string,
  recipient: Recipient,
): Promise<void> {
  const { connectionId } = recipient;
  // A post was seen to be answered 410 although it arrived: a second witness, before somebody loses their rooms.
  if (await deps.gateway.isOpen(connectionId)) return;
  await disconnect(deps, connectionId);
  // The row may be gone already while this place, written late, is not.
  if ("session" in recipient) await deps.members.remove(roomId, recipient.session, connectionId);
}
