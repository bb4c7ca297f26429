import { everyone, subjectOf } from "../../../protocol/ids.ts";
import { limits } from "../../../protocol/limits.ts";
import type { Debt } from "../debt.ts";
import { makePace } from "../fan-out/pace.ts";
import { ackWithinMs, glimpseOf, inlineMembers, looksFor, partsOf } from "../fan-out/plan.ts";
import { postedAtMs } from "../fan-out/posted-at.ts";
import { isFor, readWaiting } from "../log/read-log.ts";
import { flatten, forEachLimited, onePage } from "../pool.ts";
import type { Deps, LogEntry, Look, Member, Part, ReportUndelivered, Room, Undelivered } from "../ports.ts";
import { isCurrent, tellEvictedAgain } from "../rooms/evict.ts";
import { isPoller } from "../rooms/poller.ts";
import { mostRounds } from "../rounds.ts";
import { givenUpBy, lookForAbsent } from "./absent-person.ts";
import { duesOf } from "./debts.ts";
import { isLookedAtBy } from "./expect-acks.ts";
import { type Pace, unpaced } from "./post.ts";
import { dueMs, nextStep, nextStepOfPoller, type Patience } from "./redelivery.ts";
import { resend } from "./resend.ts";
import { lookForSkipped } from "./skipped.ts";
import { toReport, undeliveredOf } from "./undelivered.ts";

const membersAtOnce = 25;
/** After trouble with acks it may be a whole room. Each is noted by a write under the room's key, beside its acks. */
const triesPerSecond = 400;
/** Posts to half-open lines take seconds each: before the Lambda's time is over the rest is left to the next look. */
const budgetMs = 12_000;
/** From then on looks are rarer: a chain outlives the tries of members who are all behind at times of their own. */
const hurriedRounds = 4;
/** From then on pushes order looks of their own, so that this chain can end. */
const lastNotedRound = 6;

export interface LookDeps extends Deps {
  reportUndelivered: ReportUndelivered;
}

/** What a look found and did. */
interface Findings {
  /** Moments at which somebody should look again. */
  nexts: number[];
  /** Members as they are to be noted. */
  givenUp: Member[];
  undelivered: Undelivered[];
  noteReported?: (() => Promise<void>) | undefined;
  isSomebodyThere: boolean;
  /** Devices of those who are owed something, by subject. */
  devices: Map<string, Member[]>;
  untilMs: number;
  pace: Pace;
}
type Waiting = (after: number) => Promise<LogEntry[]>;
/** The room, and how long its members may take to ack. */
type RoomToLookAt = Room & Patience;

/** Looks at the cursors of a room's members and sends again what was not acked. */
export async function lookAtRoom(given: LookDeps, { roomId, round, part, evicted, skipped }: Look): Promise<void> {
  const deps = withRound(given, round);
  if (evicted) return tellEvictedAgain(deps, { roomId, round, evicted });
  if (skipped) return lookForSkipped(deps, { roomId, round, skipped });
  const known = await deps.rooms.get(roomId);
  if (!known) return;
  const [first, debts] = await Promise.all([
    deps.members.first(roomId, inlineMembers, "lapsed"),
    readDebts(deps, roomId, part),
  ]);
  const ackMs = ackWithinMs(roomId, glimpseOf(first)) ?? 0;
  const room = { ...known, afterMs: deps.redeliverAfterMs, ackWithinMs: ackMs };
  const membersOf = (part: Part) => deps.members.pages(roomId, part, undefined, "lapsed");
  if (part) return lookAtMembers(deps, room, round, membersOf(part), debts, part);
  if (first.share === 1) return lookAtMembers(deps, room, round, onePage(first.members), debts, undefined);
  // A function has time for so many: of a larger room each part is a look of its own, and goes on by itself.
  const parts = partsOf(looksFor(glimpseOf(first)));
  const [whole] = parts;
  if (parts.length === 1 && whole) return lookAtMembers(deps, room, round, membersOf(whole), debts, whole);
  await Promise.all(parts.map((each) => deps.scheduleLook({ roomId, round: round + 1, part: each }, 0)));
}

/** What a look orders anew is a further round as well, so that no chain goes on for ever. */
function withRound(deps: LookDeps, round: number): LookDeps {
  const isAnew = (look: Look) => look.round === 0 && !look.evicted;
  const deeper = (look: Look) => (isAnew(look) ? { ...look, round: round + 1 } : look);
  return { ...deps, scheduleLook: (look, afterMs) => deps.scheduleLook(deeper(look), afterMs) };
}

async function readDebts({ debts }: Pick<Deps, "debts">, roomId: string, part?: Part): Promise<Debt[]> {
  const all: Debt[] = [];
  if (!roomId.startsWith("@")) for await (const page of debts.pages(roomId, part)) all.push(...page);
  return all;
}

/** @param part of a large room, if it is one */
async function lookAtMembers(
  deps: LookDeps,
  room: RoomToLookAt,
  round: number,
  members: AsyncIterable<Member[]>,
  debts: readonly Debt[],
  part: Part | undefined,
): Promise<void> {
  const { roomId } = room;
  const found: Findings = {
    nexts: [],
    givenUp: [],
    undelivered: [],
    isSomebodyThere: false,
    devices: new Map(debts.map(({ subject }) => [subject, []])),
    untilMs: deps.now() + budgetMs,
    // In everyone's room each place has a key of its own.
    pace: roomId === everyone ? unpaced : makePace(triesPerSecond / (part?.of ?? 1), deps),
  };
  const waiting = waitingOf(deps, room, part !== undefined);
  await forEachLimited(flatten(members), membersAtOnce, (member) => lookAtMember(deps, room, member, waiting, found));
  const person = subjectOf(roomId);
  if (person !== undefined && !found.isSomebodyThere) {
    const absent = await lookForAbsent(deps, room, person, round);
    found.undelivered.push(...absent.undelivered);
    found.nexts.push(...absent.nexts);
    found.noteReported = absent.noteReported;
  }
  const dues = await duesOf(deps, room, debts, (subject) => found.devices.get(subject) ?? []);
  found.nexts.push(...dues.nexts);
  const undelivered = await toReport(deps, room, [...found.undelivered, ...dues.undelivered], part);
  // Reported before it is noted as reported: a crash in between reports twice, the other order never.
  if (undelivered.length > 0) await deps.reportUndelivered(undelivered);
  await Promise.all([found.noteReported?.(), dues.settle(), person !== undefined && noteGivenUp(deps, room, found)]);
  await forEachLimited(flatten(onePage(found.givenUp)), membersAtOnce, async (member) => {
    await found.pace.turn();
    await deps.members.noteTry(roomId, member);
  });
  await orderNext(deps, room, round, found.nexts, part);
}

/** A device that was given up may go, and its person then be nowhere. */
async function noteGivenUp({ cursors }: Pick<Deps, "cursors">, room: Room, { givenUp }: Findings): Promise<void> {
  const { roomId, epoch } = room;
  const seq = Math.max(0, ...givenUp.map(({ givenUpSeq }) => givenUpSeq));
  if (seq > 0) await cursors.keep(roomId, givenUpBy, { epoch, seq, hasAcked: true });
}

async function lookAtMember(
  deps: LookDeps,
  room: RoomToLookAt,
  member: Member,
  waiting: Waiting,
  found: Findings,
): Promise<void> {
  found.devices.get(member.subject)?.push(member);
  if (!member.cursor || !isCurrent(member, room)) return;
  found.isSomebodyThere = true;
  if (member.cursor.epoch !== room.epoch) {
    // The room's counter was lost while the member was in: of the new epoch it has nothing yet.
    const { session, connectionId } = member;
    const cursor = { epoch: room.epoch, seq: 0 };
    await deps.members.setCursor(room.roomId, session, connectionId, cursor);
    return lookAtMember(deps, room, { ...member, cursor, tries: 0, triedAtMs: 0, givenUpSeq: 0 }, waiting, found);
  }
  if (member.cursor.seq >= room.seq) return;
  const triedAtMs = deps.now();
  if (triedAtMs > found.untilMs) {
    found.nexts.push(triedAtMs);
    return;
  }
  const kept = await waiting(Math.max(member.cursor.seq, member.givenUpSeq));
  const unacked = kept.filter(({ message }) => message && isFor(message, member.subject));
  const step = isPoller(member.connectionId)
    ? nextStepOfPoller(member, unacked.filter(wasThereAt(member)), triedAtMs, room)
    : nextStep(member, unacked, triedAtMs, room);
  switch (step.kind) {
    case "rest":
      return;
    case "wait":
      found.nexts.push(step.untilMs);
      return;
    case "resend": {
      await found.pace.turn();
      const { refused, isGone } = await resend(deps, room, member, step.entries);
      found.undelivered.push(...refused.flatMap((entry) => undeliveredOf(entry, member.subject)));
      // What it is owed has a look of its own then.
      if (isGone) return;
      const tries = member.tries + 1;
      await deps.members.noteTry(room.roomId, { ...member, tries, triedAtMs });
      found.nexts.push(dueMs(triedAtMs, tries, room));
      return;
    }
    case "giveUp": {
      const givenUpSeq = step.entries.at(-1)?.seq ?? member.givenUpSeq;
      found.undelivered.push(...step.entries.flatMap((entry) => undeliveredOf(entry, member.subject)));
      await found.pace.turn();
      found.givenUp.push({ ...member, tries: 0, triedAtMs, givenUpSeq });
      found.nexts.push(triedAtMs + deps.redeliverAfterMs);
    }
  }
}

/** Whether a poller had its lease when a message came. */
const wasThereAt =
  ({ leaseUntilMs = 0 }: Member) =>
  ({ message }: LogEntry) =>
    (message?.atMs ?? 0) <= leaseUntilMs;

/** Members who stopped at the same message wait for the same ones: read once per look. */
function waitingOf(deps: Deps, room: Room, isLarge: boolean): Waiting {
  const read = new Map<number, Promise<LogEntry[]>>();
  const readAfter = async (after: number) => {
    const entries = await readWaiting(deps, room, after, limits.unackedMessages);
    return isLarge ? Promise.all(entries.map((entry) => asPosted(deps, room, entry))) : entries;
  };
  return (after) => {
    const known = read.get(after) ?? readAfter(after);
    read.set(after, known);
    return known;
  };
}

/** In a large room a message is as old as its last post: before that nobody is late with an ack. */
async function asPosted({ pushes, now, redeliverAfterMs }: Deps, { roomId }: Room, entry: LogEntry): Promise<LogEntry> {
  const { message, atMs } = entry;
  if (!message || atMs + redeliverAfterMs > now()) return entry;
  const record = (await pushes.get(message.messageId)).find((each) => each.roomId === roomId);
  return record ? { ...entry, atMs: postedAtMs(record, now()) } : entry;
}

/** One next look for all who wait, unless the chain has become too long: then the next push begins a new one. */
async function orderNext(
  deps: LookDeps,
  room: Room,
  round: number,
  nexts: readonly number[],
  part: Part | undefined,
): Promise<void> {
  if (nexts.length === 0 || round >= mostRounds) return;
  const pauseMs = deps.redeliverAfterMs * (round < hurriedRounds ? 0.5 : 3);
  const atMs = Math.max(Math.min(...nexts), deps.now() + pauseMs);
  // Two chains that meet become one.
  const fresh = await deps.rooms.get(room.roomId);
  if (fresh && isLookedAtBy(fresh, atMs, deps.now())) return;
  // One that is the whole of a large room looks anew whether it still is.
  const next = part && part.of > 1 ? { part } : {};
  await deps.scheduleLook({ roomId: room.roomId, round: round + 1, ...next }, atMs - deps.now());
  // The look at a part is not one that sees every new message.
  if (round < lastNotedRound && !("part" in next)) await deps.rooms.noteLook(room.roomId, atMs);
}
