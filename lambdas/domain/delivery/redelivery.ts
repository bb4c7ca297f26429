import type { LogEntry, Member } from "../ports.ts";

/** How often what was not acked is sent again. */
export const mostTries = 3;

/** What a look does about a member that is behind. */
export type Step =
  | { kind: "rest" }
  | { kind: "wait"; untilMs: number }
  | { kind: "resend"; entries: LogEntry[] }
  | { kind: "giveUp"; entries: LogEntry[] };

/**
 * @param waiting what the member has not acked, oldest first
 * @param afterMs how long a message waits for its ack; the pauses between tries grow from it: 1, 2, 4 times as long
 */
export function nextStep(member: Member, waiting: readonly LogEntry[], nowMs: number, afterMs: number): Step {
  const oldest = waiting[0];
  if (!oldest) return { kind: "rest" };
  // As far as there is no gap: what is given up is given up to a number.
  const young = waiting.findIndex(({ atMs }) => atMs + afterMs > nowMs);
  const due = waiting.slice(0, young < 0 ? waiting.length : young);
  if (member.tries === 0) {
    return due.length > 0 ? { kind: "resend", entries: due } : { kind: "wait", untilMs: oldest.atMs + afterMs };
  }
  const untilMs = member.triedAtMs + afterMs * 2 ** member.tries;
  if (nowMs < untilMs) return { kind: "wait", untilMs };
  if (due.length === 0) return { kind: "wait", untilMs: oldest.atMs + afterMs };
  return member.tries < mostTries ? { kind: "resend", entries: due } : { kind: "giveUp", entries: due };
}
