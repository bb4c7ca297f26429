import type { CatchUp, Position } from "../../../protocol/frames.ts";
import { everyone } from "../../../protocol/ids.ts";
import { flatten } from "../concurrency/pages.ts";
import type { Deps } from "../model/deps.ts";
import type { Member } from "../model/member.ts";
import type { ResumePoint } from "../model/resume-point.ts";
import { resumePointOf, resumeSeq } from "../model/resume-point.ts";

/** Where in a room's log somebody begins that comes in while it stands at `head`. */
export type StartPosition = (head: Position) => Promise<Position>;

/**
 * Where a place begins by the page's wish. The place is written with that at once: one that began at the newest message
 * and was corrected later would, if the connection or the Lambda ended in between, leave in the books that the subject
 * has everything.
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
    // A subject that was never here before begins now.
    return { epoch: head.epoch, seq: resumeSeq(await pointsRead, head) ?? head.seq };
  };
}

/**
 * Where the subject stopped: by the books, or on a device that still seems to be there, as its end was never told. Of
 * everyone's room the books alone say so: its members are all connections that there are.
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
  // The books last: a place that ends meanwhile is written there before it goes, so it is found in one of the two.
  const kept = await resumePoints.get(roomId, subject);
  return [kept, ...devices.map(resumePointOf)].filter((resumePoint) => resumePoint !== undefined);
}
