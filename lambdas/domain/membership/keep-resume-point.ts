import type { Position } from "../../../protocol/frames.ts";
import type { Deps } from "../model/deps.ts";
import type { Member } from "../model/member.ts";
import { resumePointOf } from "../model/resume-point.ts";

/** Keeps where a member stopped whose place has gone, if it has acked since it was seen with `cursor`. */
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

export async function keepResumePoint(
  { resumePoints }: Pick<Deps, "resumePoints">,
  roomId: string,
  membership: Member | undefined,
): Promise<void> {
  const resumePoint = membership && resumePointOf(membership);
  if (resumePoint) await resumePoints.keep(roomId, membership.subject, resumePoint);
}
