import type { Member } from "../model/member.ts";
import type { LogEntry } from "../model/message.ts";
import { type AckWait, dueMs, maxRedeliveries, reportAfterMs } from "../schedule/ack-wait.ts";

/** What an ack check does about one member. */
export type Step =
  | { kind: "none" }
  | { kind: "wait"; untilMs: number }
  | { kind: "redeliver"; entries: LogEntry[] }
  | { kind: "exhausted"; entries: LogEntry[] };

/**
 * The next step for a member with a connection.
 *
 * @param unacked the messages that the member has not acknowledged, oldest first
 */
export function nextStep(member: Member, unacked: readonly LogEntry[], nowMs: number, ackWait: AckWait): Step {
  const oldest = unacked[0];
  if (!oldest) return { kind: "none" };
  const { redeliveries, redeliveredAtMs } = member;
  const untilMs = redeliveries > 0 ? dueMs(redeliveredAtMs, redeliveries, ackWait) : 0;
  if (nowMs < untilMs) return { kind: "wait", untilMs };
  const due = leadingEntries(unacked, ({ atMs }) => dueMs(atMs, 0, ackWait) <= nowMs);
  if (due.length === 0) return { kind: "wait", untilMs: dueMs(oldest.atMs, 0, ackWait) };
  return { kind: redeliveries < maxRedeliveries ? "redeliver" : "exhausted", entries: due };
}

/** The next step for a polling member. Nothing is posted to it: its next poll reads the log, or its lease expires. */
export function nextStepOfPolling(
  { leaseExpiresAtMs = 0 }: Member,
  unacked: readonly LogEntry[],
  nowMs: number,
  ackWait: AckWait,
): Step {
  const oldest = unacked[0];
  if (!oldest) return { kind: "none" };
  const exhaustedAtMs = ({ atMs }: LogEntry) => Math.max(atMs + reportAfterMs(ackWait), leaseExpiresAtMs);
  const due = leadingEntries(unacked, (entry) => exhaustedAtMs(entry) <= nowMs);
  return due.length > 0 ? { kind: "exhausted", entries: due } : { kind: "wait", untilMs: exhaustedAtMs(oldest) };
}

/** The entries before the first that is not due. A member records one position up to which messages are exhausted. */
function leadingEntries(entries: readonly LogEntry[], isDue: (entry: LogEntry) => boolean): LogEntry[] {
  const end = entries.findIndex((entry) => !isDue(entry));
  return entries.slice(0, end < 0 ? entries.length : end);
}
