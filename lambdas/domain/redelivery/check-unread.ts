import { subjectOf } from "../../../protocol/ids.ts";
import { readAll } from "../concurrency/pages.ts";
import { readPending } from "../log/read.ts";
import { afterRedeliveries } from "../membership/unread-before-join.ts";
import type { AckCheck } from "../model/ack-check.ts";
import type { Deps } from "../model/deps.ts";
import type { Member } from "../model/member.ts";
import { isPolling } from "../model/polling.ts";
import { hasReached, resumePointOf } from "../model/resume-point.ts";
import type { ReportUndelivered } from "../model/undelivered.ts";
import { maxHops } from "../schedule/max-hops.ts";
import { maxReported, reportedKey } from "./offline-subject.ts";
import { undeliveredOf } from "./report-undelivered.ts";

/** Reports what came to no device of the person; what is still on its way to one waits for the next look. */
export async function checkUnread(
  deps: Deps & { reportUndelivered: ReportUndelivered },
  { roomId, hop, unread }: AckCheck & Required<Pick<AckCheck, "unread">>,
): Promise<void> {
  const { resumePoints, members, rooms, reportUndelivered, scheduleAckCheck } = deps;
  const { epoch, upTo } = unread;
  const subject = subjectOf(roomId);
  // Only a person has pages that are not there.
  if (subject === undefined) return;
  const [room, reported] = await Promise.all([rooms.get(roomId), resumePoints.get(roomId, reportedKey)]);
  if (room?.epoch !== epoch) return;
  const after = Math.max(unread.after, reported?.epoch === epoch ? reported.seq : 0);
  const pending = await readPending(deps, { ...room, seq: upTo }, after, maxReported);
  if (pending.length === 0) return;

  const devices = await readAll(members.pages(roomId));
  // The books last: a place that ends meanwhile is written there before it goes, so it is found in one of the two.
  const kept = await resumePoints.get(roomId, subject);
  const points = [kept, ...devices.map(resumePointOf)].filter((resumePoint) => resumePoint !== undefined);
  const isOnItsWay = (seq: number) => devices.some((device) => isPendingFor(device, epoch, seq));
  const isAccountedFor = (seq: number) =>
    points.some((resumePoint) => resumePoint.startSeq !== undefined && hasReached(resumePoint, { epoch, seq })) ||
    devices.some(({ startSeq = upTo, exhaustedSeq }) => startSeq < seq && seq <= exhaustedSeq);

  const open = pending.findIndex(({ seq }) => !isAccountedFor(seq) && isOnItsWay(seq));
  const judged = open < 0 ? pending : pending.slice(0, open);
  const undelivered = judged
    .filter(({ seq }) => !isAccountedFor(seq))
    .flatMap((entry) => undeliveredOf(entry, subject));
  // Reported before it is noted as reported: a crash in between reports twice, the other order never.
  if (undelivered.length > 0) await reportUndelivered(undelivered);
  const last = judged.at(-1)?.seq ?? after;
  if (last > after) await resumePoints.keep(roomId, reportedKey, { epoch, seq: last, hasAcked: true });
  const isMore = open >= 0 || pending.length === maxReported;
  if (!isMore || hop >= maxHops) return;
  await scheduleAckCheck({ roomId, hop: hop + 1, unread: { epoch, after: last, upTo } }, afterRedeliveries(deps));
}

/** It was in when the message came, is behind, and its tries are not over. */
function isPendingFor(member: Member, epoch: string, seq: number): boolean {
  const { cursor, startSeq, exhaustedSeq } = member;
  if (isPolling(member) || cursor?.epoch !== epoch || startSeq === undefined) return false;
  return startSeq < seq && cursor.seq < seq && exhaustedSeq < seq;
}
