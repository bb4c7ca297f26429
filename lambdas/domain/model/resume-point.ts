import type { Position } from "../../../protocol/frames.ts";
import type { Member } from "./member.ts";

/** The stored resume points of subjects in rooms, kept for 30 days. */
export interface ResumePoints {
  get(roomId: string, subject: string): Promise<ResumePoint | undefined>;
  /** Keeps the newer of the stored point and this one. A point without an ack is stored only if there is none yet. */
  keep(roomId: string, subject: string, resumePoint: ResumePoint): Promise<void>;
}

/** Where a subject continues in a room on another device. Without an ack it says nothing about the messages before it. */
export interface ResumePoint extends Position {
  hasAcked: boolean;
  /** The start position of the membership: messages up to here were not requested. */
  startSeq?: number;
}

/** The resume point of a member; `undefined` if it does not ack. */
export const resumePointOf = ({ cursor, hasAcked = false, startSeq }: Partial<Member>): ResumePoint | undefined =>
  cursor && { ...cursor, hasAcked, ...(startSeq !== undefined && { startSeq }) };

/** Whether the point proves that the message arrived. Messages before the membership's start were never sent to it. */
export const hasReached = (
  { epoch, seq, hasAcked, startSeq = 0 }: ResumePoint,
  message: Pick<Position, "epoch" | "seq">,
): boolean => hasAcked && epoch === message.epoch && startSeq < message.seq && message.seq <= seq;

/**
 * The number up to which a subject has everything, in a log that stands at `head`.
 *
 * @param points of the subject's past and present devices
 * @returns `undefined` if the subject was never in the room
 */
export function resumeSeq(points: readonly ResumePoint[], head: Position): number | undefined {
  const known = points.filter(({ epoch, seq }) => epoch === head.epoch && seq <= head.seq);
  const acked = known.filter(({ hasAcked }) => hasAcked).map(({ seq }) => seq);
  if (acked.length > 0) return Math.max(...acked);
  // Without an ack, the earliest start position: the messages after it were sent to that device.
  return known.length > 0 ? Math.min(...known.map(({ seq }) => seq)) : undefined;
}
