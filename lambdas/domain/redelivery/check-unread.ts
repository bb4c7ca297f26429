import { subjectOf } from "../../../protocol/ids.ts";
import { readAll } from "../concurrency/pages.ts";
import { readWaiting } from "../log/read.ts";
import { afterTries } from "../membership/unread-before-join.ts";
import type { Look } from "../model/ack-check.ts";
import type { Deps } from "../model/deps.ts";
import type { Member } from "../model/member.ts";
import { isPoller } from "../model/polling.ts";
import { hasReached, stopOf } from "../model/resume-point.ts";
import type { ReportUndelivered } from "../model/undelivered.ts";
import { mostRounds } from "../schedule/max-hops.ts";
import { mostReported, reportedBy } from "./offline-subject.ts";
import { undeliveredOf } from "./report-undelivered.ts";

/** Reports what came to no device of the person; what is still on its way to one waits for the next look. */
export async function lookForSkipped(
  deps: Deps & { reportUndelivered: ReportUndelivered },
  { roomId, round, skipped }: Look & Required<Pick<Look, "skipped">>,
): Promise<void> {
  const { cursors, members, rooms, reportUndelivered, scheduleLook } = deps;
  const { epoch, upTo } = skipped;
  const subject = subjectOf(roomId);
  // Only a person has pages that are not there.
  if (subject === undefined) return;
  const [room, reported] = await Promise.all([rooms.get(roomId), cursors.get(roomId, reportedBy)]);
  if (room?.epoch !== epoch) return;
  const after = Math.max(skipped.after, reported?.epoch === epoch ? reported.seq : 0);
  const waiting = await readWaiting(deps, { ...room, seq: upTo }, after, mostReported);
  if (waiting.length === 0) return;

  const devices = await readAll(members.pages(roomId));
  // The books last: a place that ends meanwhile is written there before it goes, so it is found in one of the two.
  const kept = await cursors.get(roomId, subject);
  const stops = [kept, ...devices.map(stopOf)].filter((stop) => stop !== undefined);
  const isOnItsWay = (seq: number) => devices.some((device) => isWaitingFor(device, epoch, seq));
  const isSettled = (seq: number) =>
    stops.some((stop) => stop.beganSeq !== undefined && hasReached(stop, { epoch, seq })) ||
    devices.some(({ beganSeq = upTo, givenUpSeq }) => beganSeq < seq && seq <= givenUpSeq);

  const open = waiting.findIndex(({ seq }) => !isSettled(seq) && isOnItsWay(seq));
  const judged = open < 0 ? waiting : waiting.slice(0, open);
  const undelivered = judged.filter(({ seq }) => !isSettled(seq)).flatMap((entry) => undeliveredOf(entry, subject));
  // Reported before it is noted as reported: a crash in between reports twice, the other order never.
  if (undelivered.length > 0) await reportUndelivered(undelivered);
  const last = judged.at(-1)?.seq ?? after;
  if (last > after) await cursors.keep(roomId, reportedBy, { epoch, seq: last, hasAcked: true });
  const isMore = open >= 0 || waiting.length === mostReported;
  if (!isMore || round >= mostRounds) return;
  await scheduleLook({ roomId, round: round + 1, skipped: { epoch, after: last, upTo } }, afterTries(deps));
}

/** It was in when the message came, is behind, and its tries are not over. */
function isWaitingFor({ connectionId, cursor, beganSeq, givenUpSeq }: Member, epoch: string, seq: number): boolean {
  if (isPoller(connectionId) || cursor?.epoch !== epoch || beganSeq === undefined) return false;
  return beganSeq < seq && cursor.seq < seq && givenUpSeq < seq;
}
