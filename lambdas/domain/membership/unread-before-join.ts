import { userRoom } from "../../../protocol/ids.ts";
import { readResumePoints } from "../log/start-position.ts";
import type { Deps } from "../model/deps.ts";
import { resumeSeq } from "../model/resume-point.ts";
import type { Room } from "../model/room.ts";
import { maxRedeliveries } from "../schedule/ack-wait.ts";

/**
 * Schedules the check of messages that were sent to a user before a new page joined at the newest message. This page skips
 * them, but another device may still receive them, so the check runs after the redeliveries to that device.
 *
 * Call it before the page's cursor is written, so that a crash in between does not lose the check.
 *
 * @param roomRead the user's own room
 */
export async function scheduleUnreadCheck(deps: Deps, subject: string, roomRead: Promise<Room>): Promise<void> {
  const [room, points] = await Promise.all([roomRead, readResumePoints(deps, userRoom(subject), subject)]);
  const { roomId, epoch, seq } = room;
  const after = resumeSeq(points, room) ?? 0;
  if (after >= seq) return;
  await deps.scheduleAckCheck(
    { kind: "unread", roomId, hop: 0, unread: { epoch, after, upTo: seq } },
    afterRedeliveries(deps),
  );
}

/** The delay of the check, in milliseconds. By then the last redelivery of the messages has been sent. */
export const afterRedeliveries = ({ redeliverAfterMs }: Pick<Deps, "redeliverAfterMs">) =>
  redeliverAfterMs * 2 ** maxRedeliveries;
