import { disconnect } from "./connection-life.ts";
import { flatten, forEachLimited } from "./pool.ts";
import type { Deps, PostOutcome } from "./ports.ts";

/** As many as the SDK keeps sockets for: more would only wait in its queue. */
const postsAtOnce = 50;

/** A connection to post to, with its place in the room; those of everyone have none. */
export interface Recipient {
  connectionId: string;
  session?: string;
}
export type Outcomes = Record<PostOutcome, number>;

/** Posts one frame to all recipients. One that fails changes nothing for another. */
export async function deliver(
  deps: Pick<Deps, "connections" | "members" | "rooms" | "gateway">,
  roomId: string,
  recipients: AsyncIterable<Recipient[]>,
  text: string,
): Promise<Outcomes> {
  const outcomes: Outcomes = { sent: 0, gone: 0, slow: 0, unknown: 0 };
  await forEachLimited(flatten(recipients), postsAtOnce, async (recipient) => {
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
  { connectionId, session }: Recipient,
): Promise<void> {
  // A post was seen to be answered 410 although it arrived: a second witness, before somebody loses their rooms.
  if (await deps.gateway.isOpen(connectionId)) return;
  await disconnect(deps, connectionId);
  // The row may be gone already while this place, written late, is not.
  if (session !== undefined) await deps.members.remove(roomId, session, connectionId);
}
