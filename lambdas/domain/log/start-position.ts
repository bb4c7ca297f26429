import type { CatchUp, Position } from "../../../protocol/frames.ts";
import { everyone } from "../../../protocol/ids.ts";
import { flatten } from "../concurrency/pages.ts";
import type { Deps } from "../model/deps.ts";
import type { Member } from "../model/member.ts";
import { type ResumePoint, resumePointOf, resumeSeq } from "../model/resume-point.ts";

/** The start position of a membership, in a log that stands at `head`. */
export type StartPosition = (head: Position) => Promise<Position>;

/**
 * The start position that the catch-up options request. The membership is written with it at once. If it started at the
 * newest message and were corrected later, a crash in between would leave a resume point after messages that the subject
 * does not have.
 */
export function startPositionFor(
  deps: Pick<Deps, "resumePoints" | "members">,
  roomId: string,
  subject: string,
  { since }: CatchUp,
): StartPosition {
  let pointsRead: Promise<ResumePoint[]> | undefined;
  return async (head) => {
    if (since === undefined) return head;
    pointsRead ??=
      since === "last" ? readResumePoints(deps, roomId, subject) : Promise.resolve([{ ...since, hasAcked: true }]);
    // A subject that was never in the room starts at the newest message.
    return { epoch: head.epoch, seq: resumeSeq(await pointsRead, head) ?? head.seq };
  };
}

/**
 * The subject's stored resume point, and those of its devices that are still members: the connection of one may have ended
 * without a `$disconnect`. For the room of everyone only the stored one is read, as its members are all connections.
 */
export async function readResumePoints(
  { resumePoints, members }: Pick<Deps, "resumePoints" | "members">,
  roomId: string,
  subject: string,
): Promise<ResumePoint[]> {
  const devices: Member[] = [];
  if (roomId !== everyone) {
    for await (const member of flatten(members.pages(roomId))) if (member.subject === subject) devices.push(member);
  }
  // The stored point is read last: a membership that ends now stores its point first, so it is found in one of the two.
  const kept = await resumePoints.get(roomId, subject);
  return [kept, ...devices.map(resumePointOf)].filter((resumePoint) => resumePoint !== undefined);
}
