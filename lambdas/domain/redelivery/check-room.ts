import { everyone, subjectOf } from "../../../protocol/ids.ts";
import { limits } from "../../../protocol/limits.ts";
import { forEachLimited } from "../concurrency/for-each-limited.ts";
import { flatten, onePage, readAll } from "../concurrency/pages.ts";
import { makeFloor } from "../concurrency/watermark.ts";
import { readWaiting } from "../log/read.ts";
import type { Look } from "../model/ack-check.ts";
import type { Deps } from "../model/deps.ts";
import type { Member, Part } from "../model/member.ts";
import { isCurrent, partsOf } from "../model/member.ts";
import type { LogEntry } from "../model/message.ts";
import { isFor } from "../model/message.ts";
import { isPoller } from "../model/polling.ts";
import type { Room } from "../model/room.ts";
import { ackWithinMs, glimpseOf, inlineMembers } from "../model/room-size.ts";
import type { ReportUndelivered, Undelivered } from "../model/undelivered.ts";
import { isLookedAtBy } from "../schedule/ack-check.ts";
import type { Patience } from "../schedule/ack-wait.ts";
import { dueMs } from "../schedule/ack-wait.ts";
import { mostRounds } from "../schedule/max-hops.ts";
import type { Pace } from "../send/rate-limiter.ts";
import { makePace, paceUntil, unpaced } from "../send/rate-limiter.ts";
import { lookForSkipped } from "./check-unread.ts";
import { duesOf } from "./departed-members.ts";
import { nextStep, nextStepOfPoller } from "./next-step.ts";
import { givenUpBy, lookForAbsent } from "./offline-subject.ts";
import { looksFor } from "./plan.ts";
import { postedAtMs } from "./posted-at.ts";
import { tellEvictedAgain } from "./renotify-evicted.ts";
import { toReport, undeliveredOf } from "./report-undelivered.ts";
import { resend } from "./resend.ts";

const membersAtOnce = 25;
/** After trouble with acks it may be a whole room. Each is noted by a write under the room's key, beside its acks. */
const triesPerSecond = 400;
/** No post is begun later; one may take seconds. Before the Lambda's time is over the rest is left to the next look. */
export const budgetMs = 12_000;
/** From then on looks are rarer: a chain outlives the tries of members who are all behind at times of their own. */
const hurriedRounds = 4;
/** From then on pushes order looks of their own, so that this chain can end. */
const lastNotedRound = 6;

export interface LookDeps extends Deps {
  /** That of this worker's posts, over all of its looks. */
  pace: Pace;
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
  /** While there is time: for posts, and for what is noted of them under the room's key. */
  pace: Pace;
  noting: Pace;
}
type Waiting = (after: number) => Promise<LogEntry[]>;
/** The room, and how long its members may take to ack. */
type RoomToLookAt = Room & Patience;

/** Looks at the cursors of a room's members and sends again what was not acked. */
export async function lookAtRoom(given: LookDeps, look: Look): Promise<void> {
  const { roomId, round, part, rest, evicted, skipped } = look;
  const deps = withRound(given, round);
  const pace = paceUntil(deps.pace, deps.now() + budgetMs);
  if (evicted) return tellEvictedAgain({ ...deps, pace }, { roomId, round, evicted });
  if (skipped) return lookForSkipped(deps, { roomId, round, skipped });
  const known = await deps.rooms.get(roomId);
  if (!known) return;
  const first = await deps.members.first(roomId, inlineMembers, "lapsed");
  const ackMs = ackWithinMs(roomId, glimpseOf(first)) ?? 0;
  const room = { ...known, afterMs: deps.redeliverAfterMs, ackWithinMs: ackMs };
  const membersOf = (part?: Part) => deps.members.pages(roomId, part, rest?.after, "lapsed");
  if (part || rest) return lookAtMembers(deps, room, look, membersOf(part));
  if (first.share === 1) return lookAtMembers(deps, room, look, onePage(first.members));
  // A function has time for so many: of a larger room each part is a look of its own, and goes on by itself.
  const parts = partsOf(looksFor(glimpseOf(first)));
  const [whole] = parts;
  if (parts.length === 1 && whole) return lookAtMembers(deps, room, { ...look, part: whole }, membersOf(whole));
  await Promise.all(parts.map((each) => deps.scheduleLook({ roomId, round: round + 1, part: each }, 0)));
}

/** What a look orders anew is a further round as well, so that no chain goes on for ever. */
function withRound(deps: LookDeps, round: number): LookDeps {
  const isAnew = (look: Look) => look.round === 0 && !look.evicted && !look.rest;
  const deeper = (look: Look) => (isAnew(look) ? { ...look, round: round + 1 } : look);
  return { ...deps, scheduleLook: (look, afterMs) => deps.scheduleLook(deeper(look), afterMs) };
}

/** @param look its part is that of a large room, if it is one */
async function lookAtMembers(
  deps: LookDeps,
  room: RoomToLookAt,
  look: Look,
  members: AsyncIterable<Member[]>,
): Promise<void> {
  const { roomId } = room;
  const { round, part, rest } = look;
  // Not before the room is divided: each look reads its own.
  const debts = roomId.startsWith("@") ? [] : await readAll(deps.debts.pages(roomId, part));
  const untilMs = deps.now() + budgetMs;
  // In everyone's room each place has a key of its own.
  const noting = roomId === everyone ? unpaced : makePace(triesPerSecond / (part?.of ?? 1), deps);
  const found: Findings = {
    nexts: rest?.nextAtMs === undefined ? [] : [rest.nextAtMs],
    givenUp: [],
    undelivered: [],
    isSomebodyThere: false,
    devices: new Map(debts.map(({ subject }) => [subject, []])),
    pace: paceUntil(deps.pace, untilMs),
    noting: paceUntil(noting, untilMs),
  };
  const waiting = waitingOf(deps, room, part !== undefined);
  const floor = makeFloor(rest?.after);
  let isOver = false;
  async function* inTime() {
    for await (const member of flatten(members)) {
      isOver ||= deps.now() > untilMs;
      if (isOver) return;
      yield { member, end: floor.begin(member.session) };
    }
  }
  await forEachLimited(inTime(), membersAtOnce, async ({ member, end }) => {
    if ((await lookAtMember(deps, room, member, waiting, found)) === "later") isOver = true;
    else end();
  });
  const person = subjectOf(roomId);
  if (person !== undefined && !rest && !found.isSomebodyThere) {
    const absent = await lookForAbsent(deps, room, person, round);
    found.undelivered.push(...absent.undelivered);
    found.nexts.push(...absent.nexts);
    found.noteReported = absent.noteReported;
  }
  // What is owed is judged by all devices: where not all were seen, by a look that sees them.
  const isPartial = isOver || rest !== undefined;
  if (isPartial && debts.length > 0) found.nexts.push(deps.now());
  const judged = isPartial ? [] : debts;
  const dues = await duesOf(deps, room, judged, (subject) => found.devices.get(subject) ?? []);
  found.nexts.push(...dues.nexts);
  const undelivered = await toReport(deps, room, [...found.undelivered, ...dues.undelivered], part);
  // Reported before it is noted as reported: a crash in between reports twice, the other order never.
  if (undelivered.length > 0) await deps.reportUndelivered(undelivered);
  await Promise.all([found.noteReported?.(), dues.settle(), person !== undefined && noteGivenUp(deps, room, found)]);
  await forEachLimited(found.givenUp, membersAtOnce, async (member) => {
    await noting.turn();
    await deps.members.noteTry(roomId, member);
  });
  if (isOver) await orderRest(deps, look, floor.upTo, found.nexts);
  else await orderNext(deps, room, round, found.nexts, part);
}

/** A look that came further is not one more of the chain: there are only so many members. */
async function orderRest(
  deps: LookDeps,
  look: Look,
  upTo: string | undefined,
  nexts: readonly number[],
): Promise<void> {
  const { roomId, part } = look;
  const round = upTo === look.rest?.after ? look.round + 1 : look.round;
  if (round > mostRounds) return;
  const rest = {
    ...(upTo !== undefined && { after: upTo }),
    ...(nexts.length > 0 && { nextAtMs: Math.min(...nexts) }),
  };
  await deps.scheduleLook({ roomId, round, ...(part && { part }), rest }, 0);
}

/** A device that was given up may go, and its person then be nowhere. */
async function noteGivenUp({ cursors }: Pick<Deps, "cursors">, room: Room, { givenUp }: Findings): Promise<void> {
  const { roomId, epoch } = room;
  const seq = Math.max(0, ...givenUp.map(({ givenUpSeq }) => givenUpSeq));
  if (seq > 0) await cursors.keep(roomId, givenUpBy, { epoch, seq, hasAcked: true });
}

/** @returns `later`: there is no time for it in this look */
async function lookAtMember(
  deps: LookDeps,
  room: RoomToLookAt,
  member: Member,
  waiting: Waiting,
  found: Findings,
): Promise<"done" | "later"> {
  found.devices.get(member.subject)?.push(member);
  if (!member.cursor || !isCurrent(member, room)) return "done";
  found.isSomebodyThere = true;
  if (member.cursor.epoch !== room.epoch) {
    // The room's counter was lost while the member was in: of the new epoch it has nothing yet.
    const { session, connectionId } = member;
    const cursor = { epoch: room.epoch, seq: 0 };
    await deps.members.setCursor(room.roomId, session, connectionId, cursor);
    return lookAtMember(deps, room, { ...member, cursor, tries: 0, triedAtMs: 0, givenUpSeq: 0 }, waiting, found);
  }
  if (member.cursor.seq >= room.seq) return "done";
  const kept = await waiting(Math.max(member.cursor.seq, member.givenUpSeq));
  const unacked = kept.filter(({ message }) => message && isFor(message, member.subject));
  const step = isPoller(member.connectionId)
    ? nextStepOfPoller(member, unacked.filter(wasThereAt(member)), deps.now(), room)
    : nextStep(member, unacked, deps.now(), room);
  switch (step.kind) {
    case "rest":
      return "done";
    case "wait":
      found.nexts.push(step.untilMs);
      return "done";
    case "resend": {
      if (!(await found.noting.turn()) || !(await found.pace.turn())) return "later";
      const triedAtMs = deps.now();
      const { refused, isGone } = await resend(deps, room, member, step.entries, found.pace);
      found.undelivered.push(...refused.flatMap((entry) => undeliveredOf(entry, member.subject)));
      // What it is owed has a look of its own then.
      if (isGone) return "done";
      const tries = member.tries + 1;
      await deps.members.noteTry(room.roomId, { ...member, tries, triedAtMs });
      found.nexts.push(dueMs(triedAtMs, tries, room));
      return "done";
    }
    case "giveUp": {
      if (!(await found.noting.turn())) return "later";
      const triedAtMs = deps.now();
      const givenUpSeq = step.entries.at(-1)?.seq ?? member.givenUpSeq;
      found.undelivered.push(...step.entries.flatMap((entry) => undeliveredOf(entry, member.subject)));
      found.givenUp.push({ ...member, tries: 0, triedAtMs, givenUpSeq });
      found.nexts.push(triedAtMs + deps.redeliverAfterMs);
      return "done";
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
