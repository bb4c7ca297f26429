import { limits } from "../../../protocol/limits.ts";
import { forEachLimited } from "../concurrency/for-each-limited.ts";
import { readKept } from "../log/read.ts";
import type { Deps } from "../model/deps.ts";
import { isCurrent, type Member } from "../model/member.ts";
import { isFor, isWithinTtl, type LogEntry } from "../model/message.ts";
import type { Room } from "../model/room.ts";
import type { UnackedRange } from "../model/unacked-range.ts";
import type { Undelivered } from "../model/undelivered.ts";
import { type AckWait, reportAfterMs } from "../schedule/ack-wait.ts";
import { type ReadAfter, readOnce } from "./log-reads.ts";
import { earliest } from "./next-check.ts";
import { undeliveredOf } from "./report-undelivered.ts";

const rangeConcurrency = 25;

/** A push that has taken a number has written its message by then, or its function has ended. */
const maxPushMs = 30_000;

/** The number of messages that one ack check has time to report. The next check reports further ones. */
const maxReports = 1_000;

/** What the check of the unacked ranges found. */
export interface DepartedResult {
  nextCheckAtMs: number | undefined;
  undelivered: Undelivered[];
  /** Clears the handled ranges. Call it after the report: a crash in between reports twice, the other order never. */
  clear(): Promise<void>;
}

type DepartedDeps = Pick<Deps, "unackedRanges" | "log" | "newId" | "now">;

/**
 * Finds messages to report for departed sessions: redelivery would be exhausted, and no device of the user has them or
 * will be redelivered to. Until then the user may return.
 *
 * @param devicesOf all members of a subject
 */
export async function checkDepartedMembers(
  deps: DepartedDeps,
  room: Room & AckWait,
  unackedRanges: readonly UnackedRange[],
  devicesOf: (subject: string) => readonly Member[],
): Promise<DepartedResult> {
  const undelivered: Undelivered[] = [];
  const handled: { range: UnackedRange; upTo: number }[] = [];
  let nextCheckAtMs: number | undefined;
  const readAfter = readOnce((seq) => readKept(deps, room, seq, limits.unackedMessages));
  await forEachLimited(unackedRanges, rangeConcurrency, async (range) => {
    if (undelivered.length >= maxReports) {
      nextCheckAtMs = earliest(nextCheckAtMs, deps.now());
      return;
    }
    const result = await checkRange(deps, room, range, devicesOf(range.subject), readAfter);
    undelivered.push(...result.due.flatMap((entry) => undeliveredOf(entry, range.subject)));
    nextCheckAtMs = earliest(nextCheckAtMs, result.nextCheckAtMs);
    if (result.upTo > range.after) handled.push({ range, upTo: result.upTo });
  });
  const clear = () =>
    forEachLimited(handled, rangeConcurrency, ({ range, upTo }) => clearUpTo(deps, room.roomId, range, upTo));
  return { nextCheckAtMs, undelivered, clear };
}

async function clearUpTo(
  { unackedRanges, newId }: Pick<Deps, "unackedRanges" | "newId">,
  roomId: string,
  range: UnackedRange,
  upTo: number,
): Promise<void> {
  // The remaining range is recorded before the whole is cleared: a crash in between leaves both, not none.
  if (upTo < range.upTo) await unackedRanges.record(roomId, { ...range, id: newId(), after: upTo });
  await unackedRanges.clear(roomId, range);
}

interface RangeResult {
  /** Entries to report. */
  due: LogEntry[];
  /** The position up to which the range is handled after that report. */
  upTo: number;
  nextCheckAtMs?: number;
}

async function checkRange(
  { now }: Pick<Deps, "now">,
  room: Room & AckWait,
  range: UnackedRange,
  devices: readonly Member[],
  readAfter: ReadAfter,
): Promise<RangeResult> {
  const { subject, epoch, after, upTo, atMs } = range;
  // The room's counters were lost, and its log with them.
  if (epoch !== room.epoch) return { due: [], upTo };
  const entries = await readAfter(after);
  const isToReport = ({ seq, message }: LogEntry) =>
    message &&
    isWithinTtl(message, now()) &&
    isFor(message, subject) &&
    !devices.some((device) => isHandledBy(device, room, range, seq));
  const isLogComplete = now() >= atMs + maxPushMs;
  const due: LogEntry[] = [];
  let handledUpTo = after;
  for (const entry of entries) {
    // A slow push may still write its message into the gap.
    const isAfterGap = entry.seq > handledUpTo + 1;
    if (entry.seq > upTo || (isAfterGap && !isLogComplete)) break;
    if (isToReport(entry)) {
      const reportAtMs = entry.atMs + reportAfterMs(room);
      if (reportAtMs > now()) return { due, upTo: handledUpTo, nextCheckAtMs: reportAtMs };
      due.push(entry);
    }
    handledUpTo = entry.seq;
  }
  const hasReadAll = entries.length < limits.unackedMessages || (entries.at(-1)?.seq ?? 0) >= upTo;
  if (handledUpTo >= upTo || (hasReadAll && isLogComplete)) return { due, upTo };
  return { due, upTo: handledUpTo, nextCheckAtMs: isLogComplete ? now() : atMs + maxPushMs };
}

/**
 * Whether a device that joined before the message has it, or ack checks redeliver it to that device. The departed
 * connection's own membership, if it is not removed yet, does not count for the latter.
 */
function isHandledBy(device: Member, room: Room, { connectionId }: UnackedRange, seq: number): boolean {
  const { cursor, startSeq = 0 } = device;
  if (cursor?.epoch !== room.epoch || startSeq >= seq) return false;
  return cursor.seq >= seq || (device.connectionId !== connectionId && isCurrent(device, room));
}
