import { evict, evictedFrame, type NotifyDeps } from "../membership/evict.ts";
import type { EvictedCheck } from "../model/ack-check.ts";
import type { Deps } from "../model/deps.ts";
import { isCurrent } from "../model/member.ts";
import { maxRedeliveries } from "../schedule/ack-wait.ts";
import { post } from "../send/post.ts";
import type { RateLimiter } from "../send/rate-limiter.ts";
import { serializeFrame } from "../wire/serialize.ts";

/**
 * Posts the notice of an eviction (2005) again, as often as a message is redelivered, unless the session has logged in
 * again on the same connection.
 */
export async function renotifyEvicted(
  deps: NotifyDeps & Pick<Deps, "members" | "rooms" | "resumePoints"> & { limiter: RateLimiter },
  check: EvictedCheck,
): Promise<void> {
  const { members, rooms, gateway, scheduleAckCheck, redeliverAfterMs, limiter } = deps;
  const { roomId, hop } = check;
  const { session, connectionId, generation } = check.evicted;
  const membership = await members.get(roomId, session);
  if (membership) {
    // The function that scheduled this check may have died before it removed the membership.
    const room = await rooms.get(roomId);
    if (room && !isCurrent(membership, room)) await evict(deps, roomId, membership, room.generation);
    // A membership of another connection may be left by a late login of an older one, while the page waits on this
    // connection. If the page has moved to a newer connection, the post reaches nothing, or the page compares generations.
    if (membership.connectionId === connectionId) return;
  }
  if (!(await limiter.acquire())) return scheduleAckCheck(check, redeliverAfterMs);
  const outcome = await post(deps, connectionId, serializeFrame(evictedFrame(roomId, generation)), limiter);
  const nextHop = hop + 1;
  if (nextHop === maxRedeliveries) return;
  // A 410 alone is no proof, and a page without its 2005 would wait for messages forever. `GetConnection` has to confirm it.
  if (outcome === "gone" && !(await gateway.isOpen(connectionId))) return;
  await scheduleAckCheck({ ...check, hop: nextHop }, redeliverAfterMs * 2 ** nextHop);
}
