import type { Member } from "../model/member.ts";
import type { LogEntry } from "../model/message.ts";
import { type AckWait, dueMs, maxRedeliveries, reportAfterMs } from "../schedule/ack-wait.ts";

/** What a look does about a member that is behind. */
export type Step =
  | { kind: "rest" }
  | { kind: "wait"; untilMs: number }
  | { kind: "resend"; entries: LogEntry[] }
  | { kind: "exhausted"; entries: LogEntry[] };

/** @param waiting what the member has not acked, oldest first */
export function nextStep(member: Member, pending: readonly LogEntry[], nowMs: number, ackWait: AckWait): Step {
  const oldest = pending[0];
  if (!oldest) return { kind: "rest" };
  const due = firstOf(pending, ({ atMs }) => dueMs(atMs, 0, ackWait) <= nowMs);
  if (member.redeliveries === 0) {
    return due.length > 0
      ? { kind: "resend", entries: due }
      : { kind: "wait", untilMs: dueMs(oldest.atMs, 0, ackWait) };
  }
  const untilMs = dueMs(member.redeliveredAtMs, member.redeliveries, ackWait);
  if (nowMs < untilMs) return { kind: "wait", untilMs };
  if (due.length === 0) return { kind: "wait", untilMs: dueMs(oldest.atMs, 0, ackWait) };
  return member.redeliveries < maxRedeliveries ? { kind: "resend", entries: due } : { kind: "exhausted", entries: due };
}

/** The same about a poller, to whom nothing can be posted: it gets what waits with its next poll, or its lease ends. */
export function nextStepOfPolling(
  { leaseExpiresAtMs = 0 }: Member,
  pending: readonly LogEntry[],
  nowMs: number,
  ackWait: AckWait,
): Step {
  const oldest = pending[0];
  if (!oldest) return { kind: "rest" };
  const endMs = ({ atMs }: LogEntry) => Math.max(atMs + reportAfterMs(ackWait), leaseExpiresAtMs);
  const due = firstOf(pending, (entry) => endMs(entry) <= nowMs);
  return due.length > 0 ? { kind: "exhausted", entries: due } : { kind: "wait", untilMs: endMs(oldest) };
}

/** Those in front of the first that is not: what is given up is given up to a number. */
function firstOf(entries: readonly LogEntry[], isDue: (entry: LogEntry) => boolean): LogEntry[] {
  const young = entries.findIndex((entry) => !isDue(entry));
  return entries.slice(0, young < 0 ? entries.length : young);
}
