import { frameCodes, frameTexts } from "../../../protocol/codes.ts";
import type { LoginFrame } from "../../../protocol/frames.ts";
import type { Deps } from "../model/deps.ts";
import type { Member } from "../model/member.ts";
import { isPolling } from "../model/polling.ts";
import { resumePointOf } from "../model/resume-point.ts";
import type { Lease } from "../model/room.ts";
import { post } from "../send/post.ts";
import { serializeFrame } from "../wire/serialize.ts";
import { keepIfMoved } from "./keep-resume-point.ts";

/** The frame 2005. It ends all logins to the room that are older than `generation`. */
export function evictedFrame(roomId: string, generation: number): LoginFrame {
  const data = { code: frameCodes.evicted, msg: frameTexts.evicted(roomId) };
  return { type: "evicted", eventName: "loginRoomResp", data, roomId, generation };
}

export type NotifyDeps = Pick<Deps, "gateway" | "scheduleAckCheck" | "redeliverAfterMs" | "wait" | "random">;

type Evicted = Pick<Member, "session" | "connectionId" | "transport" | "acks">;

/**
 * Schedules an ack check that posts 2005 again. A post is no proof of arrival, and a page that misses its 2005 would wait
 * for messages for hours. Call it before the membership is removed: in the other order, a crash in between would leave an
 * evicted page that no check notifies.
 *
 * Not for polling members, which read 2005 with their next poll, nor for members that do not ack, which get no redelivery.
 */
async function scheduleNotice(
  { scheduleAckCheck, redeliverAfterMs }: Pick<Deps, "scheduleAckCheck" | "redeliverAfterMs">,
  roomId: string,
  member: Evicted,
  generation: number,
): Promise<void> {
  if (isPolling(member) || !member.acks) return;
  const { session, connectionId } = member;
  const evicted = { session, connectionId, generation };
  await scheduleAckCheck({ kind: "evicted", roomId, hop: 0, evicted }, redeliverAfterMs);
}

/** Posts 2005 to an evicted member. */
async function notifyEvicted(
  deps: Pick<Deps, "gateway" | "wait" | "random">,
  roomId: string,
  member: Pick<Member, "connectionId" | "transport">,
  generation: number,
): Promise<void> {
  if (!isPolling(member)) await post(deps, member.connectionId, serializeFrame(evictedFrame(roomId, generation)));
}

/**
 * Posts 2005 to the connection whose lease was taken over. It may have no membership yet, so whether it acks is unknown. A
 * membership that it still writes is of an older generation, and so void.
 */
export async function notifyLeaseholder(
  deps: NotifyDeps,
  roomId: string,
  { connectionId, transport }: Lease,
  generation: number,
): Promise<void> {
  const leaseholder = { session: connectionId, connectionId, transport, acks: true };
  await Promise.all([
    scheduleNotice(deps, roomId, leaseholder, generation),
    notifyEvicted(deps, roomId, leaseholder, generation),
  ]);
}

/**
 * Removes a membership that a newer generation has made void, and notifies its session. Any function that finds such a
 * membership may call it. Only the caller that really removes the row notifies; after a crash the ack check does.
 */
export async function evict(
  deps: Pick<Deps, "members" | "resumePoints"> & NotifyDeps,
  roomId: string,
  member: Evicted & Pick<Member, "subject" | "cursor" | "hasAcked" | "startSeq">,
  generation: number,
): Promise<void> {
  const { members, resumePoints } = deps;
  const { session, connectionId, subject, cursor } = member;
  const resumePoint = resumePointOf(member);
  await scheduleNotice(deps, roomId, member, generation);
  // In parallel, because a login waits for it. The resume point is true whether or not the membership is removed here.
  const [evicted] = await Promise.all([
    members.evict(roomId, session, generation),
    resumePoint && resumePoints.keep(roomId, subject, resumePoint),
  ]);
  if (!evicted) return;
  await Promise.all([
    evicted.connectionId !== connectionId && scheduleNotice(deps, roomId, evicted, generation),
    notifyEvicted(deps, roomId, evicted, generation),
    keepIfMoved(deps, roomId, cursor, evicted),
  ]);
}
