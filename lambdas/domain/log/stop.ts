import type { Position } from "../../../protocol/frames.ts";
import type { Deps, Member, Stop } from "../ports.ts";

/** Where a member is; `undefined` for one that does not ack. */
export const stopOf = ({ cursor, hasAcked = false, beganSeq }: Partial<Member>): Stop | undefined =>
  cursor && { ...cursor, hasAcked, ...(beganSeq !== undefined && { beganSeq }) };

/** Keeps where a member stopped whose place has gone, if it has acked since it was seen with `cursor`. */
export async function keepIfMoved(
  { cursors }: Pick<Deps, "cursors">,
  roomId: string,
  cursor: Position | undefined,
  removed: Member,
): Promise<void> {
  const stop = stopOf(removed);
  const hasMoved = removed.cursor?.seq !== cursor?.seq || removed.cursor?.epoch !== cursor?.epoch;
  if (stop && hasMoved) await cursors.keep(roomId, removed.subject, stop);
}

/** Whether a message has come to somebody who stopped there: who came in behind it was never sent it. */
export const hasReached = (
  { epoch, seq, hasAcked, beganSeq = 0 }: Stop,
  message: Pick<Position, "epoch" | "seq">,
): boolean => hasAcked && epoch === message.epoch && beganSeq < message.seq && message.seq <= seq;

/** Up to where a person has everything, as far as a log that stands at `head` can say; `undefined`: never there. */
export function whereStopped(stops: readonly Stop[], head: Position): number | undefined {
  const known = stops.filter(({ epoch, seq }) => epoch === head.epoch && seq <= head.seq);
  const acked = known.filter(({ hasAcked }) => hasAcked).map(({ seq }) => seq);
  if (acked.length > 0) return Math.max(...acked);
  // Where nothing was acked, it is what the first to come was to hear.
  return known.length > 0 ? Math.min(...known.map(({ seq }) => seq)) : undefined;
}
