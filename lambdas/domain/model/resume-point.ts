import type { Position } from "../../../protocol/frames.ts";
import type { Member } from "./member.ts";

/** Where subjects stopped, for those who come back on another device. */
export interface ResumePoints {
  get(roomId: string, subject: string): Promise<ResumePoint | undefined>;
  /** Keeps the newer of the kept one and this; one that was not acked only where there is no other. */
  keep(roomId: string, subject: string, resumePoint: ResumePoint): Promise<void>;
}

/** Where somebody stopped. One who came in at the newest message and acked nothing says nothing about those before. */
export interface ResumePoint extends Position {
  hasAcked: boolean;
  /** Up to here it was asked for nothing. */
  startSeq?: number;
}

/** Where a member is; `undefined` for one that does not ack. */
export const resumePointOf = ({ cursor, hasAcked = false, startSeq }: Partial<Member>): ResumePoint | undefined =>
  cursor && { ...cursor, hasAcked, ...(startSeq !== undefined && { startSeq }) };

/** Whether a message has come to somebody who stopped there: who came in behind it was never sent it. */
export const hasReached = (
  { epoch, seq, hasAcked, startSeq = 0 }: ResumePoint,
  message: Pick<Position, "epoch" | "seq">,
): boolean => hasAcked && epoch === message.epoch && startSeq < message.seq && message.seq <= seq;

/** Up to where a person has everything, as far as a log that stands at `head` can say; `undefined`: never there. */
export function resumeSeq(points: readonly ResumePoint[], head: Position): number | undefined {
  const known = points.filter(({ epoch, seq }) => epoch === head.epoch && seq <= head.seq);
  const acked = known.filter(({ hasAcked }) => hasAcked).map(({ seq }) => seq);
  if (acked.length > 0) return Math.max(...acked);
  // Where nothing was acked, it is what the first to come was to hear.
  return known.length > 0 ? Math.min(...known.map(({ seq }) => seq)) : undefined;
}
