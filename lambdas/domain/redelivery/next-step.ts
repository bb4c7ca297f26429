import type { Member } from "../model/member.ts";
import type { LogEntry } from "../model/message.ts";
import { dueMs, mostTries, type Patience, reportAfterMs } from "../schedule/ack-wait.ts";

/** What a look does about a member that is behind. */
export type Step =
  | { kind: "rest" }
  | { kind: "wait"; untilMs: number }
  | { kind: "resend"; entries: LogEntry[] }
  | { kind: "giveUp"; entries: LogEntry[] };

/** @param waiting what the member has not acked, oldest first */
export function nextStep(member: Member, waiting: readonly LogEntry[], nowMs: number, patience: Patience): Step {
  const oldest = waiting[0];
  if (!oldest) return { kind: "rest" };
  const due = firstOf(waiting, ({ atMs }) => dueMs(atMs, 0, patience) <= nowMs);
  if (member.tries === 0) {
    return due.length > 0
      ? { kind: "resend", entries: due }
      : { kind: "wait", untilMs: dueMs(oldest.atMs, 0, patience) };
  }
  const untilMs = dueMs(member.triedAtMs, member.tries, patience);
  if (nowMs < untilMs) return { kind: "wait", untilMs };
  if (due.length === 0) return { kind: "wait", untilMs: dueMs(oldest.atMs, 0, patience) };
  return member.tries < mostTries ? { kind: "resend", entries: due } : { kind: "giveUp", entries: due };
}

/** The same about a poller, to whom nothing can be posted: it gets what waits with its next poll, or its lease ends. */
export function nextStepOfPoller(
  { leaseUntilMs = 0 }: Member,
  waiting: readonly LogEntry[],
  nowMs: number,
  patience: Patience,
): Step {
  const oldest = waiting[0];
  if (!oldest) return { kind: "rest" };
  const endMs = ({ atMs }: LogEntry) => Math.max(atMs + reportAfterMs(patience), leaseUntilMs);
  const due = firstOf(waiting, (entry) => endMs(entry) <= nowMs);
  return due.length > 0 ? { kind: "giveUp", entries: due } : { kind: "wait", untilMs: endMs(oldest) };
}

/** Those in front of the first that is not: what is given up is given up to a number. */
function firstOf(entries: readonly LogEntry[], isDue: (entry: LogEntry) => boolean): LogEntry[] {
  const young = entries.findIndex((entry) => !isDue(entry));
  return entries.slice(0, young < 0 ? entries.length : young);
}
