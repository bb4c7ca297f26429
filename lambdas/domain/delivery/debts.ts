import { limits } from "../../../protocol/limits.ts";
import type { Debt } from "../debt.ts";
import { isFor, isWanted, readKept } from "../log/read-log.ts";
import { forEachLimited } from "../pool.ts";
import type { Deps, LogEntry, Member, Room, Undelivered } from "../ports.ts";
import { isCurrent } from "../rooms/evict.ts";
import { isLookedAtBy, orderLook } from "./expect-acks.ts";
import { type Patience, reportAfterMs } from "./redelivery.ts";
import { undeliveredOf } from "./undelivered.ts";

const debtsAtOnce = 25;
/** A function that has taken a number has written its message by then, or has ended. */
const pushEndsMs = 30_000;
/** So many reports one look has time for; the rest with the next. */
const mostReports = 1_000;

type OweDeps = Pick<Deps, "debts" | "rooms" | "scheduleLook" | "redeliverAfterMs" | "newId" | "now">;

/** What a place leaves behind that ends now; `undefined` if it has all, does not ack, or was put out. */
export function debtOf(
  { newId, now }: Pick<Deps, "newId" | "now">,
  place: Pick<Member, "session" | "connectionId" | "subject" | "cursor" | "givenUpSeq" | "generation">,
  room: Room,
): Debt | undefined {
  const { session, connectionId, subject, cursor, givenUpSeq } = place;
  if (!cursor || !isCurrent(place, room)) return undefined;
  const { epoch, seq: upTo } = room;
  const after = cursor.epoch === epoch ? Math.max(cursor.seq, givenUpSeq) : 0;
  return after < upTo ? { id: newId(), session, connectionId, subject, epoch, after, upTo, atMs: now() } : undefined;
}

/**
 * Notes what somebody is owed who goes, and sees to it that a look comes upon it: one that is ordered anyway does. To be
 * called before the place is removed: who is behind is at any moment in one of the two.
 *
 * @param room as it was read for the debt
 */
export async function owe(deps: OweDeps, room: Room, debt: Debt): Promise<void> {
  const patience = { afterMs: deps.redeliverAfterMs, ackWithinMs: 0 };
  const dueMs = Math.max(room.lastAtMs + reportAfterMs(patience), deps.now() + deps.redeliverAfterMs);
  const isLookedAt = () => isLookedAtBy(room, dueMs, deps.now());
  const order = () => orderLook(deps, room.roomId, dueMs - deps.now());
  const wasLookedAt = isLookedAt();
  if (!wasLookedAt) await order();
  await deps.debts.note(room.roomId, debt);
  // That look may have begun while this was written.
  if (wasLookedAt && !isLookedAt()) await order();
}

/** What a look has to do about debts. */
export interface Dues {
  /** Moments at which somebody should look again. */
  nexts: number[];
  undelivered: Undelivered[];
  /** To be called when that has been reported: a crash in between reports twice, the other order never. */
  settle(): Promise<void>;
}
type DuesDeps = Pick<Deps, "debts" | "log" | "newId" | "now">;
type Kept = (after: number) => Promise<LogEntry[]>;

/**
 * Finds what is to be reported of debts: what no device of the person answers for. What came to one that is in, or is on
 * its way to it, or was reported for it, is settled; what would still be sent again waits, as who has gone may come back.
 *
 * @param devicesOf those of a person that are in
 */
export async function duesOf(
  deps: DuesDeps,
  room: Room & Patience,
  debts: readonly Debt[],
  devicesOf: (subject: string) => readonly Member[],
): Promise<Dues> {
  const { roomId } = room;
  const nexts: number[] = [];
  const undelivered: Undelivered[] = [];
  const settled: { debt: Debt; upTo: number }[] = [];
  const kept = keptOf(deps, room);
  await forEachLimited(debts, debtsAtOnce, async (debt) => {
    if (undelivered.length >= mostReports) {
      nexts.push(deps.now());
      return;
    }
    const { due, nextMs, upTo } = await judge(deps, room, debt, devicesOf(debt.subject), kept);
    undelivered.push(...due.flatMap((entry) => undeliveredOf(entry, debt.subject)));
    if (nextMs !== undefined) nexts.push(nextMs);
    if (upTo > debt.after) settled.push({ debt, upTo });
  });
  const settle = async ({ debt, upTo }: (typeof settled)[number]) => {
    // What is left is noted before the whole goes.
    if (upTo < debt.upTo) await deps.debts.note(roomId, { ...debt, id: deps.newId(), after: upTo });
    await deps.debts.settle(roomId, debt);
  };
  return { nexts, undelivered, settle: () => forEachLimited(settled, debtsAtOnce, settle) };
}

/** @returns what is to be reported, up to where the debt is settled then, and when the rest of it is looked at */
async function judge(
  deps: Pick<Deps, "now">,
  room: Room & Patience,
  debt: Debt,
  devices: readonly Member[],
  kept: Kept,
): Promise<{ due: LogEntry[]; upTo: number; nextMs?: number }> {
  const { subject, epoch, after, upTo, atMs } = debt;
  // The room's counters were lost, and its log with them.
  if (epoch !== room.epoch) return { due: [], upTo };
  const entries = await kept(after);
  const isOwed = ({ message }: LogEntry) => message && isWanted(message, deps.now()) && isFor(message, subject);
  const isOpen = ({ seq }: LogEntry) => !devices.some((device) => answersFor(device, room, debt, seq));
  const dueMs = (entry: LogEntry) => entry.atMs + reportAfterMs(room);
  const isFinal = deps.now() >= atMs + pushEndsMs;
  const due: LogEntry[] = [];
  let settledUpTo = after;
  for (const entry of entries) {
    // A push that is slow may still write there; one that died does not.
    const isHole = entry.seq > settledUpTo + 1;
    if (entry.seq > upTo || (isHole && !isFinal)) break;
    if (isOwed(entry) && isOpen(entry)) {
      if (dueMs(entry) > deps.now()) return { due, upTo: settledUpTo, nextMs: dueMs(entry) };
      due.push(entry);
    }
    settledUpTo = entry.seq;
  }
  const isWhole = entries.length < limits.unackedMessages || (entries.at(-1)?.seq ?? 0) >= upTo;
  if (settledUpTo >= upTo || (isWhole && isFinal)) return { due, upTo };
  return { due, upTo: settledUpTo, nextMs: isFinal ? deps.now() : atMs + pushEndsMs };
}

/** It was in when the message came, and has it or is looked after itself; the place that is about to end is not. */
function answersFor(device: Member, room: Room, { connectionId }: Debt, seq: number): boolean {
  const { cursor, beganSeq = 0 } = device;
  if (cursor?.epoch !== room.epoch || beganSeq >= seq) return false;
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
