import { evict, evictedFrame, type NotifyDeps } from "../membership/evict.ts";
import type { AckCheck } from "../model/ack-check.ts";
import type { Deps } from "../model/deps.ts";
import { isCurrent } from "../model/member.ts";
import { maxRedeliveries } from "../schedule/ack-wait.ts";
import { post } from "../send/post.ts";
import type { RateLimiter } from "../send/rate-limiter.ts";
import { serializeFrame } from "../wire/serialize.ts";

/** As often as a message is sent again, and at its pace, unless they have come in again on that connection. */
export async function renotifyEvicted(
  deps: NotifyDeps & Pick<Deps, "members" | "rooms" | "resumePoints"> & { limiter: RateLimiter },
  { roomId, hop, evicted }: AckCheck & Required<Pick<AckCheck, "evicted">>,
): Promise<void> {
  const { members, rooms, scheduleAckCheck, redeliverAfterMs, limiter } = deps;
  const { session, connectionId, generation } = evicted;
  const membership = await members.get(roomId, session);
  if (membership) {
    // Whoever ordered this may have died before the place was removed.
    const room = await rooms.get(roomId);
    if (room && !isCurrent(membership, room)) await evict(deps, roomId, membership, room.generation);
    // One of another connection may be what a late login of an older one left, while the page waits on this one. A page
    // that has gone on to a newer one is not there to hear it, or knows a newer generation.
    if (membership.connectionId === connectionId) return;
  }
  if (!(await limiter.acquire())) return scheduleAckCheck({ roomId, hop, evicted }, redeliverAfterMs);
  const outcome = await post(deps, connectionId, serializeFrame(evictedFrame(roomId, generation)), limiter);
  const next = hop + 1;
  if (next === maxRedeliveries) return;
  // A 410 needs a second witness here too: a page that is there, and lost this post as well, would wait for ever.
  if (outcome === "gone" && !(await deps.gateway.isOpen(connectionId))) return;
  await scheduleAckCheck({ roomId, hop: next, evicted }, redeliverAfterMs * 2 ** next);
}
