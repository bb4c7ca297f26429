import { evict, evictedFrame, type TellDeps } from "../membership/evict.ts";
import type { Look } from "../model/ack-check.ts";
import type { Deps } from "../model/deps.ts";
import { isCurrent } from "../model/member.ts";
import { mostTries } from "../schedule/ack-wait.ts";
import { post } from "../send/post.ts";
import type { Pace } from "../send/rate-limiter.ts";
import { frameText } from "../wire/serialize.ts";

/** As often as a message is sent again, and at its pace, unless they have come in again on that connection. */
export async function tellEvictedAgain(
  deps: TellDeps & Pick<Deps, "members" | "rooms" | "cursors"> & { pace: Pace },
  { roomId, round, evicted }: Look & Required<Pick<Look, "evicted">>,
): Promise<void> {
  const { members, rooms, scheduleLook, redeliverAfterMs, pace } = deps;
  const { session, connectionId, generation } = evicted;
  const place = await members.get(roomId, session);
  if (place) {
    // Whoever ordered this may have died before the place was removed.
    const room = await rooms.get(roomId);
    if (room && !isCurrent(place, room)) await evict(deps, roomId, place, room.generation);
    // One of another connection may be what a late login of an older one left, while the page waits on this one. A page
    // that has gone on to a newer one is not there to hear it, or knows a newer generation.
    if (place.connectionId === connectionId) return;
  }
  if (!(await pace.turn())) return scheduleLook({ roomId, round, evicted }, redeliverAfterMs);
  const outcome = await post(deps, connectionId, frameText(evictedFrame(roomId, generation)), pace);
  const next = round + 1;
  if (next === mostTries) return;
  // A 410 needs a second witness here too: a page that is there, and lost this post as well, would wait for ever.
  if (outcome === "gone" && !(await deps.gateway.isOpen(connectionId))) return;
  await scheduleLook({ roomId, round: next, evicted }, redeliverAfterMs * 2 ** next);
}
