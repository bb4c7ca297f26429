import { frameCodes, frameTexts } from "../../../protocol/codes.ts";
import type { LoginFrame } from "../../../protocol/frames.ts";
import { type Pace, post } from "../delivery/post.ts";
import { mostTries } from "../delivery/redelivery.ts";
import { frameText } from "../frame-text.ts";
import { keepIfMoved, stopOf } from "../log/stop.ts";
import type { Deps, Look, Member } from "../ports.ts";
import { isPoller } from "./poller.ts";

/** Told to whoever logged in to the room before `generation`. */
export function evictedFrame(roomId: string, generation: number): LoginFrame {
  const data = { code: frameCodes.evicted, msg: frameTexts.evicted(roomId) };
  return { type: "evicted", eventName: "loginRoomResp", data, roomId, generation };
}

type TellDeps = Pick<Deps, "gateway" | "scheduleLook" | "redeliverAfterMs" | "wait" | "random">;
type Evicted = Pick<Member, "session" | "connectionId" | "acks">;

/**
 * Orders that 2005 is posted again: nothing says whether a post arrived, and a page that never hears of it would wait
 * for messages for hours. To be called before the place goes: were the order second, a crash in between would leave
 * somebody out whom nobody knows of. A poller reads it with its next poll; who does not ack hears everything once.
 */
async function orderTelling(
  { scheduleLook, redeliverAfterMs }: Pick<Deps, "scheduleLook" | "redeliverAfterMs">,
  roomId: string,
  { session, connectionId, acks }: Evicted,
  generation: number,
): Promise<void> {
  if (isPoller(connectionId) || !acks) return;
  await scheduleLook({ roomId, round: 0, evicted: { session, connectionId, generation } }, redeliverAfterMs);
}

/** Posts 2005 to whoever was put out. */
async function tellEvicted(
  deps: Pick<Deps, "gateway" | "wait" | "random">,
  roomId: string,
  connectionId: string,
  generation: number,
): Promise<void> {
  if (!isPoller(connectionId)) await post(deps, connectionId, frameText(evictedFrame(roomId, generation)));
}

/**
 * Tells the one who had claimed a room that somebody took it over. It may have no place yet, and whether it acks is not
 * known here; the place that it may still write is void, for whoever meets it.
 */
export async function tellClaimant(
  deps: TellDeps,
  roomId: string,
  connectionId: string,
  generation: number,
): Promise<void> {
  const claimant = { session: connectionId, connectionId, acks: true };
  await Promise.all([
    orderTelling(deps, roomId, claimant, generation),
    tellEvicted(deps, roomId, connectionId, generation),
  ]);
}

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

/**
 * Removes a place that a newer generation made void and tells its owner. Whoever finds such a place may call this: the
 * one who really removes it tells at once, and the look that was ordered before makes good what a crash leaves undone.
 */
export async function evict(
  deps: Pick<Deps, "members" | "cursors"> & TellDeps,
  roomId: string,
  member: Pick<Member, "session" | "connectionId" | "subject" | "cursor" | "hasAcked" | "beganSeq" | "acks">,
  generation: number,
): Promise<void> {
  const { members, cursors } = deps;
  const { session, connectionId, subject, cursor } = member;
  const before = stopOf(member);
  await orderTelling(deps, roomId, member, generation);
  // Side by side: a login waits for this. What is kept is true whether the place goes or stays.
  const [evicted] = await Promise.all([
    members.evict(roomId, session, generation),
    before && cursors.keep(roomId, subject, before),
  ]);
  if (!evicted) return;
  await Promise.all([
    evicted.connectionId !== connectionId && orderTelling(deps, roomId, evicted, generation),
    tellEvicted(deps, roomId, evicted.connectionId, generation),
    keepIfMoved(deps, roomId, cursor, evicted),
  ]);
}

/** Whether the place counts: an eviction makes those of older generations void. */
export const isCurrent = (member: Pick<Member, "generation">, room: { generation: number }) =>
  member.generation >= room.generation;
