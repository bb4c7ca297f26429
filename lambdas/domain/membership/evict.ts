import { frameCodes, frameTexts } from "../../../protocol/codes.ts";
import type { LoginFrame } from "../../../protocol/frames.ts";
import type { Deps } from "../model/deps.ts";
import type { Member } from "../model/member.ts";
import { isPoller } from "../model/polling.ts";
import { stopOf } from "../model/resume-point.ts";
import { post } from "../send/post.ts";
import { frameText } from "../wire/serialize.ts";
import { keepIfMoved } from "./keep-resume-point.ts";

/** Told to whoever logged in to the room before `generation`. */
export function evictedFrame(roomId: string, generation: number): LoginFrame {
  const data = { code: frameCodes.evicted, msg: frameTexts.evicted(roomId) };
  return { type: "evicted", eventName: "loginRoomResp", data, roomId, generation };
}

export type TellDeps = Pick<Deps, "gateway" | "scheduleLook" | "redeliverAfterMs" | "wait" | "random">;

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
