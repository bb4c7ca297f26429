import type { MessageFrame, Missed, Position } from "../../../protocol/frames.ts";
import { asFrame, messageText, textBytes } from "../frame-text.ts";
import { flatten } from "../pool.ts";
import type { Deps, LogEntry, Message, Room } from "../ports.ts";

/** A number that was taken so long ago and holds nothing belongs to a push that died. */
const giveUpAfterMs = 2_000;
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
  const part: MissedPart = { recovered: true, missed: [], upTo: since.seq };
  if (since.seq === room.seq) return part;

  let bytes = 0;
  // A kept entry proves that no younger one has left the log by age. So does a room that is younger than that age.
  const isKept = (atMs: number) => deps.now() - atMs < deps.log.retentionMs - neighboursApartMs;
  let isAnchored = isKept(room.openedAtMs);
  // The entry at `since` is read too, for that proof.
  for await (const entry of flatten(deps.log.pages(room, since.seq, room.seq))) {
    if (entry.seq > part.upTo + 1) {
      if (!isAnchored) return lost(room.seq);
      if (!(await passHole(deps, room, part, entry.seq - 1, entry.atMs))) return { ...part, more: true };
    }
    isAnchored ||= isKept(entry.atMs);
    if (entry.seq <= since.seq) continue;
    const { message } = entry;
    if (message && isWanted(message, deps.now()) && isFor(message, subject)) {
      const text = messageText(deps, message);
      bytes += textBytes(text);
      if (bytes > budgetBytes) {
        return { ...part, more: true, ...(part.missed.length === 0 && { tooLarge: message }) };
      }
      part.missed.push(asFrame(text));
    }
    part.upTo = entry.seq;
  }
  if (part.upTo < room.seq) {
    if (!isKept(room.lastAtMs) || (!isAnchored && part.upTo + 1 < room.seq)) return lost(room.seq);
    if (!(await passHole(deps, room, part, room.seq, room.lastAtMs))) return { ...part, more: true };
  }
  return part;
}

/** Whether the subject is meant: to who was excluded its number holds nothing. */
export const isFor = ({ exclude }: Message, subject: string) => !exclude?.includes(subject);
/** Whether its `ttl` is not over. */
export const isWanted = ({ untilMs }: Message, nowMs: number) => untilMs === undefined || untilMs > nowMs;

/**
 * Gives up the numbers up to `last`, whose pushes died before they wrote. Were they left open, everybody would wait for
 * them; a push that is only slow finds its number given up and takes another.
 *
 * @returns whether one may read on
 */
async function passHole(
  { log, now }: LogDeps,
  { roomId, epoch }: Room,
  part: MissedPart,
  last: number,
  takenBeforeMs: number,
): Promise<boolean> {
  if (now() - takenBeforeMs < giveUpAfterMs) return false;
  for (let seq = part.upTo + 1; seq <= last; seq += 1) {
    if ((await log.giveUp(roomId, { epoch, seq, atMs: takenBeforeMs })) === "taken") return false;
    part.upTo = seq;
  }
  return true;
}

/** The newest `count` messages that are still kept; here what has left the log is nothing lost. */
export async function readHistory(
  deps: FrameDeps,
  room: Room,
  count: number,
  subject: string,
  budgetBytes = missedBytes,
): Promise<MissedPart> {
  const texts: string[] = [];
  const from = Math.max(1, room.seq - count + 1);
  // What is in front of the first that is kept has left the log, or is of before its reader's time.
  const part: MissedPart = { recovered: true, missed: [], upTo: Math.max(0, room.seq - 1) };
  let isFirst = true;
  for await (const entry of flatten(deps.log.pages(room, from, room.seq))) {
    if (isFirst) part.upTo = entry.seq - 1;
    isFirst = false;
    // A number that is still being written would come to nobody who was told that it is in here.
    const isWhole = entry.seq === part.upTo + 1 || (await passHole(deps, room, part, entry.seq - 1, entry.atMs));
    if (!isWhole) return { ...part, missed: newest(texts, budgetBytes), more: true };
    const { message } = entry;
    if (message && isWanted(message, deps.now()) && isFor(message, subject)) texts.push(messageText(deps, message));
    part.upTo = entry.seq;
  }
  const isWhole = part.upTo === room.seq || (await passHole(deps, room, part, room.seq, room.lastAtMs));
  return { ...part, missed: newest(texts, budgetBytes), ...(!isWhole && { more: true }) };
}

/** As many of the last as fit. */
function newest(texts: string[], budgetBytes: number): MessageFrame[] {
  let bytes = 0;
  const kept: string[] = [];
  for (const text of texts.reverse()) {
    bytes += textBytes(text);
    if (bytes > budgetBytes) break;
    kept.unshift(text);
  }
  return kept.map(asFrame);
}

/** Messages that wait for a member behind its cursor, at most `most`, as they would be posted. */
export async function readWaiting({ log, now }: LogDeps, room: Room, after: number, most: number): Promise<LogEntry[]> {
  const waiting: LogEntry[] = [];
  for await (const entry of flatten(log.pages(room, after + 1, room.seq))) {
    if (entry.message && isWanted(entry.message, now())) waiting.push(entry);
    if (waiting.length === most) break;
  }
  return waiting;
}
