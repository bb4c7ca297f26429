import { readPending } from "../log/read.ts";
import type { Deps } from "../model/deps.ts";
import type { Member } from "../model/member.ts";
import type { Room } from "../model/room.ts";
import type { Undelivered } from "../model/undelivered.ts";
import { maxRedeliveries } from "../schedule/ack-wait.ts";
import { undeliveredOf } from "./report-undelivered.ts";

// A user's own room has two more resume points. Their keys start with the subject: a subject may have any name, and only
// its own resume point is stored in the room.

/** Key of the position up to which messages have been reported. */
export const reportedKey = (subject: string) => `${subject}@reported`;

/** Key of the position up to which any device has exhausted its redeliveries. */
export const exhaustedKey = (subject: string) => `${subject}@exhausted`;

/** The number of messages that one ack check reports. The next check reports further ones. */
export const maxReported = 100;

/** What the check of an offline subject found. */
export interface OfflineResult {
  nextCheckAtMs?: number;
  undelivered: Undelivered[];
  /** Call it after the report. */
  recordReported?: () => Promise<void>;
}

/**
 * Finds messages to report for a subject without a connection that acknowledges. The subject may return within the time
 * that a member's redeliveries take. After that, the messages are undelivered.
 *
 * @param room the subject's own
 * @param hop the number of earlier checks in this chain
 */
export async function checkOfflineSubject(
  deps: Pick<Deps, "resumePoints" | "log" | "now" | "redeliverAfterMs">,
  room: Room,
  subject: string,
  hop: number,
): Promise<OfflineResult> {
  const { resumePoints, now, redeliverAfterMs } = deps;
  const { roomId, epoch } = room;
  const keys = [subject, reportedKey(subject), exhaustedKey(subject)];
  const points = await Promise.all(keys.map((key) => resumePoints.get(roomId, key)));
  const handledSeqs = points.map((point) => (point?.epoch === epoch && point.hasAcked ? point.seq : 0));
  const pending = await readPending(deps, room, Math.max(...handledSeqs), maxReported);
  if (pending.length === 0) return { undelivered: [] };
  if (hop < maxRedeliveries) return { undelivered: [], nextCheckAtMs: now() + redeliverAfterMs * 2 ** (hop + 1) };

  const due = pending.filter(({ atMs }) => atMs + redeliverAfterMs <= now());
  const last = due.at(-1);
  return {
    undelivered: due.flatMap((entry) => undeliveredOf(entry, subject)),
    ...(pending.length > due.length && { nextCheckAtMs: now() + redeliverAfterMs }),
    ...(last && {
      recordReported: () => resumePoints.keep(roomId, reportedKey(subject), { epoch, seq: last.seq, hasAcked: true }),
    }),
  };
}

/**
 * Keeps the position up to which redeliveries to the subject's devices are exhausted: the devices may depart, and the
 * messages have been reported.
 */
export async function keepExhausted(
  { resumePoints }: Pick<Deps, "resumePoints">,
  { roomId, epoch }: Room,
  subject: string,
  exhausted: readonly Member[],
): Promise<void> {
  const seq = Math.max(0, ...exhausted.map(({ exhaustedSeq }) => exhaustedSeq));
  if (seq > 0) await resumePoints.keep(roomId, exhaustedKey(subject), { epoch, seq, hasAcked: true });
}
