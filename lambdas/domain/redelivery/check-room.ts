import { everyone, subjectOf } from "../../../protocol/ids.ts";
import { forEachLimited } from "../concurrency/for-each-limited.ts";
import { onePage, readAll } from "../concurrency/pages.ts";
import type { RoomCheck } from "../model/ack-check.ts";
import type { Deps } from "../model/deps.ts";
import { type Member, type Part, partsOf } from "../model/member.ts";
import { isImplicit, type Room } from "../model/room.ts";
import { ackWithinMs, inlineMembers, roomSizeOf } from "../model/room-size.ts";
import type { UnackedRange } from "../model/unacked-range.ts";
import type { ReportUndelivered } from "../model/undelivered.ts";
import type { AckWait } from "../schedule/ack-wait.ts";
import { makeRateLimiter, type RateLimiter, unlimited, withDeadline } from "../send/rate-limiter.ts";
import { checkMembers, type MembersResult, memberConcurrency } from "./check-members.ts";
import { checkDepartedMembers, type DepartedResult } from "./departed-members.ts";
import { earliest, scheduleContinuation, scheduleNextCheck } from "./next-check.ts";
import { checkOfflineSubject, keepExhausted } from "./offline-subject.ts";
import { checksFor } from "./plan.ts";
import { undeliveredToReport } from "./report-undelivered.ts";

/** After an outage all members of a room may need a redelivery. Each is a write under the room's key, as acks are. */
const redeliveriesPerSecond = 400;
/** The time of one check. No post starts later, because it may take seconds. A continuation does the rest. */
export const checkBudgetMs = 12_000;

export interface AckCheckDeps extends Deps {
  /** Limits the posts of all ack checks of this worker. */
  limiter: RateLimiter;
  reportUndelivered: ReportUndelivered;
}

/** Checks all members of a room or one part of them, or divides a very large room into parts with a check each. */
export async function checkRoom(deps: AckCheckDeps, check: RoomCheck): Promise<void> {
  const { roomId, hop, part, continuation } = check;
  const stored = await deps.rooms.get(roomId);
  if (!stored) return;
  const first = await deps.members.first(roomId, inlineMembers, "includingExpired");
  const roomSize = roomSizeOf(first);
  const ackWait = { afterMs: deps.redeliverAfterMs, ackWithinMs: ackWithinMs(roomId, roomSize) ?? 0 };
  const room = { ...stored, ...ackWait };
  const membersOf = (some?: Part) => deps.members.pages(roomId, some, continuation?.after, "includingExpired");

  if (part || continuation) return checkPart(deps, room, check, membersOf(part));
  if (first.share === 1) return checkPart(deps, room, check, onePage(first.members));
  const parts = partsOf(checksFor(roomSize));
  const [whole, ...others] = parts;
  if (whole && others.length === 0) return checkPart(deps, room, { ...check, part: whole }, membersOf(whole));
  // One function has no time for all members: each part is a chain of checks of its own.
  const checkOf = (each: Part): RoomCheck => ({ kind: "room", roomId, hop: hop + 1, part: each });
  await Promise.all(parts.map((each) => deps.scheduleAckCheck(checkOf(each), 0)));
}

/**
 * Redelivers, reports, records, and schedules the next check, in this order.
 *
 * @param check its `part` is present if the room is large
 * @param members the members that no earlier check has checked
 */
async function checkPart(
  deps: AckCheckDeps,
  room: Room & AckWait,
  check: RoomCheck,
  members: AsyncIterable<Member[]>,
): Promise<void> {
  const { roomId } = room;
  const { hop, part, continuation } = check;
  // Read after a room has been divided: each check reads the ranges of its own part.
  const unackedRanges = isImplicit(roomId) ? [] : await readAll(deps.unackedRanges.pages(roomId, part));
  const untilMs = deps.now() + checkBudgetMs;
  const writes = memberWriteLimiter(deps, roomId, part);
  const limiters = { posts: withDeadline(deps.limiter, untilMs), writes: withDeadline(writes, untilMs) };
  const devicesOf = unackedRanges.map(({ subject }) => subject);
  const toCheck = { members, after: continuation?.after, isLargeRoom: part !== undefined, devicesOf };

  const checked = await checkMembers(deps, room, toCheck, limiters, untilMs);
  const subject = subjectOf(roomId);
  const isOffline = subject !== undefined && !continuation && !checked.hasAckingMember;
  const offline = isOffline ? await checkOfflineSubject(deps, room, subject, hop) : undefined;
  const departed = await checkUnackedRanges(deps, room, check, unackedRanges, checked);

  const results = [checked, offline, departed];
  const found = results.flatMap((result) => result?.undelivered ?? []);
  const undelivered = await undeliveredToReport(deps, room, found, part);
  // Reported before it is recorded as reported: a crash in between reports twice, the other order never.
  if (undelivered.length > 0) await deps.reportUndelivered(undelivered);
  await Promise.all([
    offline?.recordReported?.(),
    departed.clear(),
    subject !== undefined && keepExhausted(deps, room, subject, checked.exhausted),
  ]);
  await recordExhausted(deps, roomId, checked.exhausted, writes);

  const nextCheckAtMs = earliest(continuation?.nextCheckAtMs, ...results.map((result) => result?.nextCheckAtMs));
  if (checked.isOutOfTime) await scheduleContinuation(deps, check, checked.upTo, nextCheckAtMs);
  else await scheduleNextCheck(deps, check, nextCheckAtMs);
}

/** Checks the ranges only if this check has read all devices of each user. Otherwise it schedules another check. */
async function checkUnackedRanges(
  deps: AckCheckDeps,
  room: Room & AckWait,
  { continuation }: RoomCheck,
  unackedRanges: readonly UnackedRange[],
  { devices, isOutOfTime }: MembersResult,
): Promise<DepartedResult> {
  if (!isOutOfTime && !continuation) {
    return checkDepartedMembers(deps, room, unackedRanges, (subject) => devices.get(subject) ?? []);
  }
  const nextCheckAtMs = unackedRanges.length > 0 ? deps.now() : undefined;
  return { nextCheckAtMs, undelivered: [], clear: async () => {} };
}

/** Checks of several parts run at the same time. In the room of everyone, each member has a key of its own. */
function memberWriteLimiter(deps: AckCheckDeps, roomId: string, part: Part | undefined): RateLimiter {
  return roomId === everyone ? unlimited : makeRateLimiter(redeliveriesPerSecond / (part?.of ?? 1), deps);
}

async function recordExhausted(
  deps: Pick<Deps, "members">,
  roomId: string,
  exhausted: readonly Member[],
  writes: RateLimiter,
): Promise<void> {
  await forEachLimited(exhausted, memberConcurrency, async (member) => {
    await writes.acquire();
    await deps.members.recordRedelivery(roomId, member);
  });
}
