import type { Missed, Position } from "../../../protocol/frames.ts";
import { flatten } from "../concurrency/pages.ts";
import type { Deps } from "../model/deps.ts";
import { isFor, isWanted, type LogEntry, type Message } from "../model/message.ts";
import type { Room } from "../model/room.ts";
import { rawFrame, serializeMessage, utf8Bytes } from "../wire/serialize.ts";

/** A number that was taken so long ago and holds nothing belongs to a push that died. */
const tombstoneAfterMs = 2_000;

/** Two messages with neighbouring numbers may have been accepted so far apart, in whichever order. */
const neighboursApartMs = 30_000;

/** What a reply may hold of missed messages; the rest of a post is for what is around them. */
export const missedBytes = 96 * 1024;

export interface MissedPart extends Missed {
  /** The next message, if it alone is larger than a reply may be. */
  tooLarge?: Message;
}

type LogDeps = Pick<Deps, "log" | "now">;

type FrameDeps = LogDeps & Pick<Deps, "payloads">;

const lost = (head: number): MissedPart => ({ recovered: false, missed: [], upTo: head });

/**
 * Reads what a member missed: everything behind `since`, in order, as far as `budgetBytes` go. All of it or none: where
 * the log does not reach back far enough, `recovered` is false.
 *
 * @param subject whose member it is
 */
export async function readMissed(
  deps: FrameDeps,
  room: Room,
  since: Position,
  subject: string,
  budgetBytes = missedBytes,
): Promise<MissedPart> {
  if (since.epoch !== room.epoch || since.seq > room.seq) return lost(room.seq);
  // The entry at `since` is read too: it may prove that those behind it are still kept.
  const entries = since.seq < room.seq ? flatten(deps.log.pages(room, since.seq, room.seq)) : [];
  // A room that is younger than the log's age has lost nothing by it.
  return readOn(deps, room, since.seq, entries, { subject, budgetBytes, isWhole: isKept(deps, room.openedAtMs) });
}

/** Whether what was written then cannot have left the log by age. */
const isKept = ({ log, now }: LogDeps, atMs: number) => now() - atMs < log.retentionMs - neighboursApartMs;

interface Reading {
  subject: string;
  budgetBytes: number;
  /** Nothing has left the log by age that the reader would want to hear of. */
  isWhole: boolean;
}

/** Reads the entries behind `after`, up to where the room stands. */
async function readOn(
  deps: FrameDeps,
  room: Room,
  after: number,
  entries: Iterable<LogEntry> | AsyncIterable<LogEntry>,
  { subject, budgetBytes, isWhole }: Reading,
): Promise<MissedPart> {
  const part: MissedPart = { recovered: true, missed: [], upTo: after };
  let bytes = 0;
  // A kept entry proves that no younger one has left the log.
  let isAnchored = isWhole;
  for await (const entry of entries) {
    if (entry.seq > part.upTo + 1) {
      if (!isAnchored) return lost(room.seq);
      if (!(await fillGap(deps, room, part, entry.seq - 1, entry.atMs))) return { ...part, more: true };
    }
    isAnchored ||= isKept(deps, entry.atMs);
    if (entry.seq <= after) continue;
    const { message } = entry;
    if (message && isWanted(message, deps.now()) && isFor(message, subject)) {
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
 * Gives up the numbers up to `last`, whose pushes died before they wrote. Were they left open, everybody would wait for
 * them; a push that is only slow finds its number given up and takes another.
 *
 * @returns whether one may read on
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

/** So many numbers are looked at for messages that somebody may have. */
const maxScanned = 1_000;

/**
 * Reads the newest `count` messages that the subject may have, as what was missed behind the place in front of them.
 * Here what has left the log is nothing lost.
 *
 * @returns `after`: the number of that place
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
    const { message, ...place } = entry;
    const isOne = message !== undefined && isWanted(message, deps.now()) && isFor(message, subject);
    // Of the others there may be many, and large ones.
    entries.push(isOne ? entry : place);
    if (isOne) found += 1;
    if (found === count) break;
  }
  entries.reverse();
  // All are in front of the place that are older than the first; but of a room from which nothing has gone yet, a number
  // in front of that is one that is still being written.
  const isFromTheStart = found < count && isKept(deps, room.openedAtMs);
  return { entries, after: (isFromTheStart ? first : (entries[0]?.seq ?? Math.max(1, room.seq))) - 1 };
}

/** What is kept of the numbers behind `after`, at most `most`; numbers that hold nothing are among them. */
export async function readKept({ log }: Pick<Deps, "log">, room: Room, after: number, max: number) {
  const kept: LogEntry[] = [];
  for await (const entry of flatten(log.pages(room, after + 1, room.seq))) {
    kept.push(entry);
    if (kept.length === max) break;
  }
  return kept;
}

/** Messages that wait for a member behind its cursor, at most `most`, as they would be posted. */
export async function readPending({ log, now }: LogDeps, room: Room, after: number, max: number): Promise<LogEntry[]> {
  const pending: LogEntry[] = [];
  for await (const entry of flatten(log.pages(room, after + 1, room.seq))) {
    if (entry.message && isWanted(entry.message, now())) pending.push(entry);
    if (pending.length === max) break;
  }
  return pending;
}
