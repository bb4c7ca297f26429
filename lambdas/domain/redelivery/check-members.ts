import { limits } from "../../../protocol/limits.ts";
import { forEachLimited } from "../concurrency/for-each-limited.ts";
import { flatten } from "../concurrency/pages.ts";
import { makeWatermark } from "../concurrency/watermark.ts";
import { readPending } from "../log/read.ts";
import type { Deps } from "../model/deps.ts";
import { isCurrent, type Member } from "../model/member.ts";
import type { Room } from "../model/room.ts";
import type { Undelivered } from "../model/undelivered.ts";
import type { AckWait } from "../schedule/ack-wait.ts";
import { checkMember, type RedeliveryLimiters } from "./check-member.ts";
import { type ReadAfter, readOnce } from "./log-reads.ts";
import { earliest } from "./next-check.ts";
import { withPostedAt } from "./posted-at.ts";

export const memberConcurrency = 25;

/** What the check of a room's members found. */
export interface MembersResult {
  /** When the earliest of the members has to be checked again. */
  nextCheckAtMs: number | undefined;
  undelivered: Undelivered[];
  exhausted: Member[];
  /** Whether any current member acknowledges. */
  hasAckingMember: boolean;
  /** The members of each subject in `devicesOf`. */
  devices: ReadonlyMap<string, readonly Member[]>;
  /** Whether the time ended before all members were checked. */
  isOutOfTime: boolean;
  /** The session up to which all members have been checked. */
  upTo: string | undefined;
}

export interface MembersToCheck {
  members: AsyncIterable<Member[]>;
  /** The session up to which an earlier check has come. */
  after: string | undefined;
  /** Whether fan-out workers posted to the members. */
  isLargeRoom: boolean;
  /** Subjects whose members are returned in `devices`. */
  devicesOf: readonly string[];
}

/** Checks members concurrently, until all have been checked or the time is over. */
export async function checkMembers(
  deps: Deps,
  room: Room & AckWait,
  { members, after, isLargeRoom, devicesOf }: MembersToCheck,
  limiters: RedeliveryLimiters,
  untilMs: number,
): Promise<MembersResult> {
  const readPendingAfter = pendingReader(deps, room, isLargeRoom);
  const watermark = makeWatermark(after);
  const devices = new Map<string, Member[]>(devicesOf.map((subject) => [subject, []]));
  const undelivered: Undelivered[] = [];
  const exhausted: Member[] = [];
  let nextCheckAtMs: number | undefined;
  let hasAckingMember = false;
  let isOutOfTime = false;

  async function* untilOutOfTime() {
    for await (const member of flatten(members)) {
      isOutOfTime ||= deps.now() > untilMs;
      if (isOutOfTime) return;
      yield { stored: member, end: watermark.start(member.session) };
    }
  }
  await forEachLimited(untilOutOfTime(), memberConcurrency, async ({ stored, end }) => {
    const member = hasLostEpoch(stored, room) ? await restartCursor(deps, room, stored) : stored;
    devices.get(member.subject)?.push(member);
    if (isAcking(member, room)) {
      hasAckingMember = true;
      const result = await checkMember(deps, room, member, readPendingAfter, limiters);
      if (result === "outOfTime") {
        isOutOfTime = true;
        return;
      }
      undelivered.push(...(result.undelivered ?? []));
      if (result.exhausted) exhausted.push(result.exhausted);
      nextCheckAtMs = earliest(nextCheckAtMs, result.nextCheckAtMs);
    }
    end();
  });
  return { nextCheckAtMs, undelivered, exhausted, hasAckingMember, devices, isOutOfTime, upTo: watermark.upTo };
}

const isAcking = (member: Member, room: Room): boolean => member.cursor !== undefined && isCurrent(member, room);

const hasLostEpoch = (member: Member, room: Room): boolean =>
  isAcking(member, room) && member.cursor?.epoch !== room.epoch;

/** The room's counters were lost during the membership: the member has nothing of the new epoch yet. */
async function restartCursor(
  { members }: Pick<Deps, "members">,
  { roomId, epoch }: Room,
  member: Member,
): Promise<Member> {
  const cursor = { epoch, seq: 0 };
  await members.setCursor(roomId, member.session, member.connectionId, cursor);
  return { ...member, cursor, redeliveries: 0, redeliveredAtMs: 0, exhaustedSeq: 0 };
}

function pendingReader(deps: Deps, room: Room, isLargeRoom: boolean): ReadAfter {
  return readOnce(async (seq) => {
    const entries = await readPending(deps, room, seq, limits.unackedMessages);
    return isLargeRoom ? Promise.all(entries.map((entry) => withPostedAt(deps, room.roomId, entry))) : entries;
  });
}
