import type { Position } from "../../../protocol/frames.ts";
import type { Deps } from "../model/deps.ts";
import type { Member } from "../model/member.ts";
import { resumePointOf } from "../model/resume-point.ts";

/**
 * Records the resume point of a membership that has been removed, if it has acked since it was read.
 *
 * @param cursor as it was read
 */
export async function keepIfMoved(
  { resumePoints }: Pick<Deps, "resumePoints">,
  roomId: string,
  cursor: Position | undefined,
  removed: Member,
): Promise<void> {
  const resumePoint = resumePointOf(removed);
  const hasMoved = removed.cursor?.seq !== cursor?.seq || removed.cursor?.epoch !== cursor?.epoch;
  if (resumePoint && hasMoved) await resumePoints.keep(roomId, removed.subject, resumePoint);
}

/** Records the resume point of a membership that is about to be removed. */
export async function keepResumePoint(
  { resumePoints }: Pick<Deps, "resumePoints">,
  roomId: string,
  membership: Member | undefined,
): Promise<void> {
  const resumePoint = membership && resumePointOf(membership);
  if (resumePoint) await resumePoints.keep(roomId, membership.subject, resumePoint);
}
