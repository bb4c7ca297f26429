import { userRoom } from "../../../protocol/ids.ts";
import { readResumePoints } from "../log/start-position.ts";
import type { Deps } from "../model/deps.ts";
import { resumeSeq } from "../model/resume-point.ts";
import type { Room } from "../model/room.ts";
import { maxRedeliveries } from "../schedule/ack-wait.ts";

/**
 * A page of a person begins at the newest message, as it did not ask for more. What was sent to the person while no page
 * was there comes to no page any more by itself: orders that somebody looks whether another device has it, once the
 * tries of those are over. To be called before the page's cursor is written, so that a crash in between loses no order.
 *
 * @param finding the person's room
 */
export async function scheduleUnreadCheck(deps: Deps, subject: string, finding: Promise<Room>): Promise<void> {
  const [room, points] = await Promise.all([finding, readResumePoints(deps, userRoom(subject), subject)]);
  const { roomId, epoch, seq } = room;
  const after = resumeSeq(points, room) ?? 0;
  if (after >= seq) return;
  await deps.scheduleAckCheck(
    { kind: "unread", roomId, hop: 0, unread: { epoch, after, upTo: seq } },
    afterRedeliveries(deps),
  );
}

export const afterRedeliveries = ({ redeliverAfterMs }: Pick<Deps, "redeliverAfterMs">) =>
  redeliverAfterMs * 2 ** maxRedeliveries;
