import { limits } from "../../../protocol/limits.ts";
import { forEachLimited } from "../concurrency/for-each-limited.ts";
import { readKept } from "../log/read.ts";
import type { Deps } from "../model/deps.ts";
import { isCurrent, type Member } from "../model/member.ts";
import { isFor, isWanted, type LogEntry } from "../model/message.ts";
import type { Room } from "../model/room.ts";
import type { UnackedRange } from "../model/unacked-range.ts";
import type { Undelivered } from "../model/undelivered.ts";
import { type AckWait, reportAfterMs } from "../schedule/ack-wait.ts";
import { undeliveredOf } from "./report-undelivered.ts";

const rangeConcurrency = 25;

/** A function that has taken a number has written its message by then, or has ended. */
const pushEndsMs = 30_000;

/** So many reports one look has time for; the rest with the next. */
const maxReports = 1_000;

/** What a look has to do about debts. */
export interface DepartedFindings {
  /** Moments at which somebody should look again. */
  nexts: number[];
  undelivered: Undelivered[];
  /** To be called when that has been reported: a crash in between reports twice, the other order never. */
  clear(): Promise<void>;
}

type DepartedDeps = Pick<Deps, "unackedRanges" | "log" | "newId" | "now">;

type Kept = (after: number) => Promise<LogEntry[]>;

/**
 * Finds what is to be reported of debts: what no device of the person answers for. What came to one that is in, or is on
 * its way to it, or was reported for it, is settled; what would still be sent again waits, as who has gone may come back.
 *
 * @param devicesOf those of a person that are in
 */
export async function checkDepartedMembers(
  deps: DepartedDeps,
  room: Room & AckWait,
  unackedRanges: readonly UnackedRange[],
  devicesOf: (subject: string) => readonly Member[],
): Promise<DepartedFindings> {
  const { roomId } = room;
  const nexts: number[] = [];
  const undelivered: Undelivered[] = [];
  const cleared: { range: UnackedRange; upTo: number }[] = [];
  const kept = keptOf(deps, room);
  await forEachLimited(unackedRanges, rangeConcurrency, async (range) => {
    if (undelivered.length >= maxReports) {
      nexts.push(deps.now());
      return;
    }
    const { due, nextMs, upTo } = await judge(deps, room, range, devicesOf(range.subject), kept);
    undelivered.push(...due.flatMap((entry) => undeliveredOf(entry, range.subject)));
    if (nextMs !== undefined) nexts.push(nextMs);
    if (upTo > range.after) cleared.push({ range, upTo });
  });
  const clear = async ({ range, upTo }: (typeof cleared)[number]) => {
    // What is left is noted before the whole goes.
    if (upTo < range.upTo) await deps.unackedRanges.record(roomId, { ...range, id: deps.newId(), after: upTo });
    await deps.unackedRanges.clear(roomId, range);
  };
  return { nexts, undelivered, clear: () => forEachLimited(cleared, rangeConcurrency, clear) };
}

/** @returns what is to be reported, up to where the debt is settled then, and when the rest of it is looked at */
async function judge(
  deps: Pick<Deps, "now">,
  room: Room & AckWait,
  range: UnackedRange,
  devices: readonly Member[],
  kept: Kept,
): Promise<{ due: LogEntry[]; upTo: number; nextMs?: number }> {
  const { subject, epoch, after, upTo, atMs } = range;
  // The room's counters were lost, and its log with them.
  if (epoch !== room.epoch) return { due: [], upTo };
  const entries = await kept(after);
  const isDeliverable = ({ message }: LogEntry) => message && isWanted(message, deps.now()) && isFor(message, subject);
  const isOpen = ({ seq }: LogEntry) => !devices.some((device) => answersFor(device, room, range, seq));
  const dueMs = (entry: LogEntry) => entry.atMs + reportAfterMs(room);
  const isFinal = deps.now() >= atMs + pushEndsMs;
  const due: LogEntry[] = [];
  let clearedUpTo = after;
  for (const entry of entries) {
    // A push that is slow may still write there; one that died does not.
    const isHole = entry.seq > clearedUpTo + 1;
    if (entry.seq > upTo || (isHole && !isFinal)) break;
    if (isDeliverable(entry) && isOpen(entry)) {
      if (dueMs(entry) > deps.now()) return { due, upTo: clearedUpTo, nextMs: dueMs(entry) };
      due.push(entry);
    }
    clearedUpTo = entry.seq;
  }
  const isWhole = entries.length < limits.unackedMessages || (entries.at(-1)?.seq ?? 0) >= upTo;
  if (clearedUpTo >= upTo || (isWhole && isFinal)) return { due, upTo };
  return { due, upTo: clearedUpTo, nextMs: isFinal ? deps.now() : atMs + pushEndsMs };
}

/** It was in when the message came, and has it or is looked after itself; the place that is about to end is not. */
function answersFor(device: Member, room: Room, { connectionId }: UnackedRange, seq: number): boolean {
  const { cursor, startSeq = 0 } = device;
  if (cursor?.epoch !== room.epoch || startSeq >= seq) return false;
  return cursor.seq >= seq || (device.connectionId !== connectionId && isCurrent(device, room));
}

/** Those who went at the same message are owed the same ones: read once per look. */
function keptOf(deps: Pick<Deps, "log">, room: Room): Kept {
  const read = new Map<number, Promise<LogEntry[]>>();
  return (after) => {
    const known = read.get(after) ?? readKept(deps, room, after, limits.unackedMessages);
    read.set(after, known);
    return known;
  };
}
