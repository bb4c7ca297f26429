import { subjectOf, userRoom } from "../../../protocol/ids.ts";
import { stopsOf } from "../log/begin.ts";
import { readWaiting } from "../log/read-log.ts";
import { hasReached, stopOf, whereStopped } from "../log/stop.ts";
import { readAll } from "../pool.ts";
import type { Deps, Look, Member, ReportUndelivered, Room } from "../ports.ts";
import { isPoller } from "../rooms/poller.ts";
import { mostRounds } from "../rounds.ts";
import { mostReported, reportedBy } from "./absent-person.ts";
import { mostTries } from "./redelivery.ts";
import { undeliveredOf } from "./undelivered.ts";

/**
 * A page of a person begins at the newest message, as it did not ask for more. What was sent to the person while no page
 * was there comes to no page any more by itself: orders that somebody looks whether another device has it, once the
 * tries of those are over. To be called before the page's cursor is written, so that a crash in between loses no order.
 *
 * @param finding the person's room
 */
export async function expectSkipped(deps: Deps, subject: string, finding: Promise<Room>): Promise<void> {
  const [room, stops] = await Promise.all([finding, stopsOf(deps, userRoom(subject), subject)]);
  const { roomId, epoch, seq } = room;
  const after = whereStopped(stops, room) ?? 0;
  if (after >= seq) return;
  await deps.scheduleLook({ roomId, round: 0, skipped: { epoch, after, upTo: seq } }, afterTries(deps));
}

const afterTries = ({ redeliverAfterMs }: Pick<Deps, "redeliverAfterMs">) => redeliverAfterMs * 2 ** mostTries;

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
