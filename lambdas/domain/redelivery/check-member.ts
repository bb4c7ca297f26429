import type { DeliverDeps } from "../delivery/deliver.ts";
import type { Deps } from "../model/deps.ts";
import type { Member } from "../model/member.ts";
import { isFor, type LogEntry } from "../model/message.ts";
import { isPolling } from "../model/polling.ts";
import type { Room } from "../model/room.ts";
import type { Undelivered } from "../model/undelivered.ts";
import { type AckWait, dueMs } from "../schedule/ack-wait.ts";
import type { RateLimiter } from "../send/rate-limiter.ts";
import type { ReadAfter } from "./log-reads.ts";
import { nextStep, nextStepOfPolling } from "./next-step.ts";
import { redeliver } from "./redeliver.ts";
import { undeliveredOf } from "./report-undelivered.ts";

type MemberDeps = DeliverDeps & Pick<Deps, "logError" | "payloads">;

/** Both end with the time of the ack check. */
export interface RedeliveryLimiters {
  posts: RateLimiter;
  /** Writes of redeliveries to member rows. */
  writes: RateLimiter;
}

/** What the check of one member found. */
export interface MemberResult {
  /** When the member has to be checked again. */
  nextCheckAtMs?: number;
  /** Messages to report, unless another device of the user has them. */
  undelivered?: Undelivered[];
  /** The member's row to record after that report: its redeliveries are exhausted up to `exhaustedSeq`. */
  exhausted?: Member;
}

/**
 * Compares a member's cursor with the log, and redelivers the messages that it has not acknowledged in time.
 *
 * @param member a current one that acknowledges; its cursor has the room's epoch
 * @param readPending reads the messages that a member with that cursor has not acknowledged
 * @returns `outOfTime` if the ack check has no time left for this member
 */
export async function checkMember(
  deps: MemberDeps,
  room: Room & AckWait,
  member: Member,
  readPending: ReadAfter,
  limiters: RedeliveryLimiters,
): Promise<MemberResult | "outOfTime"> {
  const { subject, cursor, exhaustedSeq } = member;
  if (!cursor || cursor.seq >= room.seq) return {};
  const pending = await readPending(Math.max(cursor.seq, exhaustedSeq));
  const unacked = pending.filter(({ message }) => message && isFor(message, subject));
  const step = isPolling(member)
    ? nextStepOfPolling(member, unacked.filter(cameWithinLease(member)), deps.now(), room)
    : nextStep(member, unacked, deps.now(), room);
  switch (step.kind) {
    case "none":
      return {};
    case "wait":
      return { nextCheckAtMs: step.untilMs };
    case "redeliver":
      return redeliverTo(deps, room, member, step.entries, limiters);
    case "exhausted":
      return exhaust(deps, member, step.entries, limiters);
  }
}

/** Whether the message was pushed before the polling member's lease expired. Later messages are not for it. */
const cameWithinLease =
  ({ leaseExpiresAtMs = 0 }: Member) =>
  ({ message }: LogEntry) =>
    (message?.atMs ?? 0) <= leaseExpiresAtMs;

async function redeliverTo(
  deps: MemberDeps,
  room: Room & AckWait,
  member: Member,
  entries: readonly LogEntry[],
  { posts, writes }: RedeliveryLimiters,
): Promise<MemberResult | "outOfTime"> {
  if (!(await writes.acquire()) || !(await posts.acquire())) return "outOfTime";
  const redeliveredAtMs = deps.now();
  const { tooLarge, isGone } = await redeliver(deps, room, member, entries, posts);
  const undelivered = tooLarge.flatMap((entry) => undeliveredOf(entry, member.subject));
  // The end of the membership has recorded its unacked range, and scheduled a check of it.
  if (isGone) return { undelivered };
  const redeliveries = member.redeliveries + 1;
  await deps.members.recordRedelivery(room.roomId, { ...member, redeliveries, redeliveredAtMs });
  return { undelivered, nextCheckAtMs: dueMs(redeliveredAtMs, redeliveries, room) };
}

/** Reports messages whose redeliveries are exhausted. Later messages start with no redeliveries. */
async function exhaust(
  { now, redeliverAfterMs }: Pick<Deps, "now" | "redeliverAfterMs">,
  member: Member,
  entries: readonly LogEntry[],
  { writes }: RedeliveryLimiters,
): Promise<MemberResult | "outOfTime"> {
  if (!(await writes.acquire())) return "outOfTime";
  const redeliveredAtMs = now();
  const exhaustedSeq = entries.at(-1)?.seq ?? member.exhaustedSeq;
  return {
    undelivered: entries.flatMap((entry) => undeliveredOf(entry, member.subject)),
    exhausted: { ...member, redeliveries: 0, redeliveredAtMs, exhaustedSeq },
    nextCheckAtMs: redeliveredAtMs + redeliverAfterMs,
  };
}
