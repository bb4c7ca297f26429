import type { Missed, Position } from "../../../protocol/frames.ts";
import { flatten } from "../concurrency/pages.ts";
import type { Deps } from "../model/deps.ts";
import { isFor, isWithinTtl, type LogEntry, type Message } from "../model/message.ts";
import type { Room } from "../model/room.ts";
import { rawFrame, serializeMessage, utf8Bytes } from "../wire/serialize.ts";

/** If a number has no entry this long after it was taken, its push is considered dead. */
const tombstoneAfterMs = 2_000;

/** The maximum time between the pushes of neighbouring numbers, in either order. */
const neighboursApartMs = 30_000;

/** The size of the missed messages in one reply. The rest of a post is for the frame around them. */
export const missedBytes = 96 * 1024;

export interface MissedPart extends Missed {
  /** The next message, if it alone exceeds the size of a reply. */
  tooLarge?: Message;
}

type LogDeps = Pick<Deps, "log" | "now">;

type FrameDeps = LogDeps & Pick<Deps, "payloads">;

const lost = (head: number): MissedPart => ({ recovered: false, missed: [], upTo: head });

/**
 * Reads the messages after `since`, in order, up to `budgetBytes`. If the log does not reach back to `since`, it reads
 * none, and `recovered` is false.
 *
 * @param subject the reader: messages that exclude the subject are skipped
 */
export async function readMissed(
  deps: FrameDeps,
  room: Room,
  since: Position,
  subject: string,
  budgetBytes = missedBytes,
): Promise<MissedPart> {
  if (since.epoch !== room.epoch || since.seq > room.seq) return lost(room.seq);
  // The entry at `since` is read too: it may prove that the entries after it are still kept.
  const entries = since.seq < room.seq ? flatten(deps.log.pages(room, since.seq, room.seq)) : [];
  // A room that is younger than the retention has lost no messages.
  return readOn(deps, room, since.seq, entries, { subject, budgetBytes, isWhole: isKept(deps, room.openedAtMs) });
}

/** Whether entries of that time are certainly within the retention. */
const isKept = ({ log, now }: LogDeps, atMs: number) => now() - atMs < log.retentionMs - neighboursApartMs;

interface Reading {
  subject: string;
  budgetBytes: number;
  /** Whether all requested entries are certainly still kept. */
  isWhole: boolean;
}

/** Reads the entries after `after`, up to the room's newest number. */
async function readOn(
  deps: FrameDeps,
  room: Room,
  after: number,
  entries: Iterable<LogEntry> | AsyncIterable<LogEntry>,
  { subject, budgetBytes, isWhole }: Reading,
): Promise<MissedPart> {
  const part: MissedPart = { recovered: true, missed: [], upTo: after };
  let bytes = 0;
  // A kept entry proves that no younger one has expired.
  let isAnchored = isWhole;
  for await (const entry of entries) {
    if (entry.seq > part.upTo + 1) {
      if (!isAnchored) return lost(room.seq);
      if (!(await fillGap(deps, room, part, entry.seq - 1, entry.atMs))) return { ...part, more: true };
    }
    isAnchored ||= isKept(deps, entry.atMs);
    if (entry.seq <= after) continue;
    const { message } = entry;
    if (message && isWithinTtl(message, deps.now()) && isFor(message, subject)) {
      const text = serializeMessage(deps, message);
      bytes += utf8Bytes(text);
      if (bytes > budgetBytes) {
        return { ...part, more: true, ...(part.missed.length === 0 && { tooLarge: message }) };
      }
      part.missed.push(rawFrame(text));
    }
    part.upTo = entry.seq;
  }
  if (part.upTo < room.seq) {
    const isNewestKept = isWhole || isKept(deps, room.lastAtMs);
    if (!isNewestKept || (!isAnchored && part.upTo + 1 < room.seq)) return lost(room.seq);
    if (!(await fillGap(deps, room, part, room.seq, room.lastAtMs))) return { ...part, more: true };
  }
  return part;
}

/**
 * Fills the numbers up to `last` with tombstones, because their pushes died before they wrote. Otherwise all readers would
 * wait for them. A push that is only slow finds the tombstone and takes another number.
 *
 * @returns whether the gap is filled, so that reading can continue
 */
async function fillGap(
  { log, now }: LogDeps,
  { roomId, epoch }: Room,
  part: MissedPart,
  last: number,
  takenBeforeMs: number,
): Promise<boolean> {
  if (now() - takenBeforeMs < tombstoneAfterMs) return false;
  for (let seq = part.upTo + 1; seq <= last; seq += 1) {
    if ((await log.putTombstone(roomId, { epoch, seq, atMs: takenBeforeMs })) === "taken") return false;
    part.upTo = seq;
  }
  return true;
}

/** The messages of a history are among this many newest numbers. */
const maxScanned = 1_000;

/**
 * Reads the newest `count` messages that are for the subject. Messages that have expired do not count as lost.
 *
 * @returns `after`: the number before the first of them
 */
export async function readHistory(
  deps: FrameDeps,
  room: Room,
  count: number,
  subject: string,
  budgetBytes = missedBytes,
): Promise<{ after: number; part: MissedPart }> {
  const { after, entries } = await findNewest(deps, room, count, subject);
  return { after, part: await readOn(deps, room, after, entries, { subject, budgetBytes, isWhole: true }) };
}

async function findNewest(
  deps: LogDeps,
  room: Room,
  count: number,
  subject: string,
): Promise<{ after: number; entries: LogEntry[] }> {
  const first = Math.max(1, room.seq - maxScanned + 1);
  const entries: LogEntry[] = [];
  let found = 0;
  for await (const entry of flatten(deps.log.pages(room, first, room.seq, true))) {
    const { message, ...empty } = entry;
    const isForReader = message !== undefined && isWithinTtl(message, deps.now()) && isFor(message, subject);
    // Other messages may be many and large: only their numbers are kept.
    entries.push(isForReader ? entry : empty);
    if (isForReader) found += 1;
    if (found === count) break;
  }
  entries.reverse();
  // Numbers before the oldest entry have expired. In a room that is younger than the retention they are still being
  // written, so the history starts at its first number.
  const isFromTheStart = found < count && isKept(deps, room.openedAtMs);
  return { entries, after: (isFromTheStart ? first : (entries[0]?.seq ?? Math.max(1, room.seq))) - 1 };
}

/** The kept entries after the number `after`, at most `max`, tombstones included. */
export async function readKept({ log }: Pick<Deps, "log">, room: Room, after: number, max: number) {
  const kept: LogEntry[] = [];
  for await (const entry of flatten(log.pages(room, after + 1, room.seq))) {
    kept.push(entry);
    if (kept.length === max) break;
  }
  return kept;
}

/** The messages after the number `after` whose `ttl` has not ended, at most `max`. */
export async function readPending({ log, now }: LogDeps, room: Room, after: number, max: number): Promise<LogEntry[]> {
  const pending: LogEntry[] = [];
  for await (const entry of flatten(log.pages(room, after + 1, room.seq))) {
    if (entry.message && isWithinTtl(entry.message, now())) pending.push(entry);
    if (pending.length === max) break;
  }
  return pending;
}
