import { frameCodes, frameTexts } from "../../../protocol/codes.ts";
import type { LoginFrame } from "../../../protocol/frames.ts";
import type { Deps } from "../model/deps.ts";
import type { Member } from "../model/member.ts";
import { isPolling } from "../model/polling.ts";
import { resumePointOf } from "../model/resume-point.ts";
import { post } from "../send/post.ts";
import { serializeFrame } from "../wire/serialize.ts";
import { keepIfMoved } from "./keep-resume-point.ts";

/** Told to whoever logged in to the room before `generation`. */
export function evictedFrame(roomId: string, generation: number): LoginFrame {
  const data = { code: frameCodes.evicted, msg: frameTexts.evicted(roomId) };
  return { type: "evicted", eventName: "loginRoomResp", data, roomId, generation };
}

export type NotifyDeps = Pick<Deps, "gateway" | "scheduleAckCheck" | "redeliverAfterMs" | "wait" | "random">;

type Evicted = Pick<Member, "session" | "connectionId" | "acks">;

/**
 * Orders that 2005 is posted again: nothing says whether a post arrived, and a page that never hears of it would wait
 * for messages for hours. To be called before the place goes: were the order second, a crash in between would leave
 * somebody out whom nobody knows of. A poller reads it with its next poll; who does not ack hears everything once.
 */
async function scheduleNotice(
  { scheduleAckCheck, redeliverAfterMs }: Pick<Deps, "scheduleAckCheck" | "redeliverAfterMs">,
  roomId: string,
  { session, connectionId, acks }: Evicted,
  generation: number,
): Promise<void> {
  if (isPolling(connectionId) || !acks) return;
  const evicted = { session, connectionId, generation };
  await scheduleAckCheck({ kind: "evicted", roomId, hop: 0, evicted }, redeliverAfterMs);
}

/** Posts 2005 to whoever was put out. */
async function notifyEvicted(
  deps: Pick<Deps, "gateway" | "wait" | "random">,
  roomId: string,
  connectionId: string,
  generation: number,
): Promise<void> {
  if (!isPolling(connectionId)) await post(deps, connectionId, serializeFrame(evictedFrame(roomId, generation)));
}

/**
 * Tells the one who had claimed a room that somebody took it over. It may have no place yet, and whether it acks is not
 * known here; the place that it may still write is void, for whoever meets it.
 */
export async function notifyLeaseholder(
  deps: NotifyDeps,
  roomId: string,
  connectionId: string,
  generation: number,
): Promise<void> {
  const leaseholder = { session: connectionId, connectionId, acks: true };
  await Promise.all([
    scheduleNotice(deps, roomId, leaseholder, generation),
    notifyEvicted(deps, roomId, connectionId, generation),
  ]);
}

/**
 * Removes a place that a newer generation made void and tells its owner. Whoever finds such a place may call this: the
 * one who really removes it tells at once, and the look that was ordered before makes good what a crash leaves undone.
 */
export async function evict(
  deps: Pick<Deps, "members" | "resumePoints"> & NotifyDeps,
  roomId: string,
  member: Pick<Member, "session" | "connectionId" | "subject" | "cursor" | "hasAcked" | "startSeq" | "acks">,
  generation: number,
): Promise<void> {
  const { members, resumePoints } = deps;
  const { session, connectionId, subject, cursor } = member;
  const before = resumePointOf(member);
  await scheduleNotice(deps, roomId, member, generation);
  // Side by side: a login waits for this. What is kept is true whether the place goes or stays.
  const [evicted] = await Promise.all([
    members.evict(roomId, session, generation),
    before && resumePoints.keep(roomId, subject, before),
  ]);
  if (!evicted) return;
  await Promise.all([
    evicted.connectionId !== connectionId && scheduleNotice(deps, roomId, evicted, generation),
    notifyEvicted(deps, roomId, evicted.connectionId, generation),
    keepIfMoved(deps, roomId, cursor, evicted),
  ]);
}
