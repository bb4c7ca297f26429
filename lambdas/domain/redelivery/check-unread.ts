import { subjectOf } from "../../../protocol/ids.ts";
import { readAll } from "../concurrency/pages.ts";
import { readPending } from "../log/read.ts";
import { afterRedeliveries } from "../membership/unread-before-join.ts";
import type { UnreadCheck } from "../model/ack-check.ts";
import type { Deps } from "../model/deps.ts";
import type { Member } from "../model/member.ts";
import type { LogEntry } from "../model/message.ts";
import { isPolling } from "../model/polling.ts";
import { hasReached, type ResumePoint, resumePointOf } from "../model/resume-point.ts";
import type { ReportUndelivered } from "../model/undelivered.ts";
import { maxHops } from "../schedule/max-hops.ts";
import { maxReported, reportedKey } from "./offline-subject.ts";
import { undeliveredOf } from "./report-undelivered.ts";

/**
 * Reports messages that were unread before a user's page joined, and that no device of the user has. A message that is
 * still being redelivered to a device, and later messages, wait for the next check.
 */
export async function checkUnread(
  deps: Deps & { reportUndelivered: ReportUndelivered },
  check: UnreadCheck,
): Promise<void> {
  const { resumePoints, rooms, reportUndelivered, scheduleAckCheck } = deps;
  const { roomId, hop } = check;
  const { epoch, upTo } = check.unread;
  const subject = subjectOf(roomId);
  // The room of everyone has no such checks.
  if (subject === undefined) return;
  const [room, reported] = await Promise.all([rooms.get(roomId), resumePoints.get(roomId, reportedKey(subject))]);
  if (room?.epoch !== epoch) return;
  const after = Math.max(check.unread.after, reported?.epoch === epoch ? reported.seq : 0);
  const pending = await readPending(deps, { ...room, seq: upTo }, after, maxReported);
  if (pending.length === 0) return;

  const devices = await devicesOf(deps, roomId, subject);
  const { decided, missed } = decide(pending, devices, check.unread);
  const undelivered = missed.flatMap((entry) => undeliveredOf(entry, subject));
  // Reported before it is recorded as reported: a crash in between reports twice, the other order never.
  if (undelivered.length > 0) await reportUndelivered(undelivered);
  const last = decided.at(-1)?.seq ?? after;
  if (last > after) await resumePoints.keep(roomId, reportedKey(subject), { epoch, seq: last, hasAcked: true });

  const isComplete = decided.length === pending.length && pending.length < maxReported;
  if (isComplete || hop >= maxHops) return;
  await scheduleAckCheck({ ...check, hop: hop + 1, unread: { epoch, after: last, upTo } }, afterRedeliveries(deps));
}

interface Devices {
  members: readonly Member[];
  /** Of the present devices and of the user's last departed ones. */
  points: readonly ResumePoint[];
}

/** The resume point is read last: a device that departs meanwhile is found as a member or there. */
async function devicesOf(
  { members, resumePoints }: Pick<Deps, "members" | "resumePoints">,
  roomId: string,
  subject: string,
): Promise<Devices> {
  const present = await readAll(members.pages(roomId));
  const kept = await resumePoints.get(roomId, subject);
  const points = [kept, ...present.map(resumePointOf)].filter((point) => point !== undefined);
  return { members: present, points };
}

/** @returns `decided`: the messages before the first that is still being redelivered; `missed`: of these, the undelivered */
function decide(
  pending: readonly LogEntry[],
  { members, points }: Devices,
  { epoch, upTo }: UnreadCheck["unread"],
): { decided: readonly LogEntry[]; missed: LogEntry[] } {
  const isHandled = ({ seq }: LogEntry) =>
    points.some((point) => point.startSeq !== undefined && hasReached(point, { epoch, seq })) ||
    members.some(({ startSeq = upTo, exhaustedSeq }) => startSeq < seq && seq <= exhaustedSeq);
  const isBeingRedelivered = ({ seq }: LogEntry) => members.some((member) => isPendingFor(member, epoch, seq));
  const open = pending.findIndex((entry) => !isHandled(entry) && isBeingRedelivered(entry));
  const decided = open < 0 ? pending : pending.slice(0, open);
  return { decided, missed: decided.filter((entry) => !isHandled(entry)) };
}

/** Whether ack checks still redeliver a message to the member: it joined before the message, and lacks it. */
function isPendingFor(member: Member, epoch: string, seq: number): boolean {
  const { cursor, startSeq, exhaustedSeq } = member;
  if (isPolling(member) || cursor?.epoch !== epoch || startSeq === undefined) return false;
  return startSeq < seq && cursor.seq < seq && exhaustedSeq < seq;
}
