import { everyone, subjectOf } from "../../../protocol/ids.ts";
import { limits } from "../../../protocol/limits.ts";
import { forEachLimited } from "../concurrency/for-each-limited.ts";
import { flatten, onePage, readAll } from "../concurrency/pages.ts";
import { makeWatermark } from "../concurrency/watermark.ts";
import { readPending } from "../log/read.ts";
import type { AckCheck } from "../model/ack-check.ts";
import type { Deps } from "../model/deps.ts";
import type { Member, Part } from "../model/member.ts";
import { isCurrent, partsOf } from "../model/member.ts";
import type { LogEntry } from "../model/message.ts";
import { isFor } from "../model/message.ts";
import { isPolling } from "../model/polling.ts";
import type { Room } from "../model/room.ts";
import { ackWithinMs, inlineMembers, roomSizeOf } from "../model/room-size.ts";
import type { ReportUndelivered, Undelivered } from "../model/undelivered.ts";
import { isCheckedBy } from "../schedule/ack-check.ts";
import type { AckWait } from "../schedule/ack-wait.ts";
import { dueMs } from "../schedule/ack-wait.ts";
import { maxHops } from "../schedule/max-hops.ts";
import type { RateLimiter } from "../send/rate-limiter.ts";
import { makeRateLimiter, unlimited, withDeadline } from "../send/rate-limiter.ts";
import { checkUnread } from "./check-unread.ts";
import { checkDepartedMembers } from "./departed-members.ts";
import { nextStep, nextStepOfPolling } from "./next-step.ts";
import { checkOfflineSubject, exhaustedKey } from "./offline-subject.ts";
import { checksFor } from "./plan.ts";
import { postedAtMs } from "./posted-at.ts";
import { renotifyEvicted } from "./renotify-evicted.ts";
import { undeliveredOf, undeliveredToReport } from "./report-undelivered.ts";
import { resend } from "./resend.ts";

const memberConcurrency = 25;
/** After trouble with acks it may be a whole room. Each is noted by a write under the room's key, beside its acks. */
const redeliveriesPerSecond = 400;
/** No post is begun later; one may take seconds. Before the Lambda's time is over the rest is left to the next look. */
export const budgetMs = 12_000;
/** From then on looks are rarer: a chain outlives the tries of members who are all behind at times of their own. */
const frequentHops = 4;
/** From then on pushes order looks of their own, so that this chain can end. */
const lastRecordedHop = 6;

export interface AckCheckDeps extends Deps {
  /** That of this worker's posts, over all of its looks. */
  limiter: RateLimiter;
  reportUndelivered: ReportUndelivered;
}

/** What a look found and did. */
interface RoomFindings {
  /** Moments at which somebody should look again. */
  nexts: number[];
  /** Members as they are to be noted. */
  exhausted: Member[];
  undelivered: Undelivered[];
  recordReported?: (() => Promise<void>) | undefined;
  isSomebodyThere: boolean;
  /** Devices of those who are owed something, by subject. */
  devices: Map<string, Member[]>;
  /** While there is time: for posts, and for what is noted of them under the room's key. */
  limiter: RateLimiter;
  writeLimiter: RateLimiter;
}
type ReadPending = (after: number) => Promise<LogEntry[]>;
/** The room, and how long its members may take to ack. */
type RoomToCheck = Room & AckWait;

/** Looks at the cursors of a room's members and sends again what was not acked. */
export async function checkRoom(given: AckCheckDeps, check: AckCheck): Promise<void> {
  const { roomId, hop, part, rest, evicted, unread } = check;
  const deps = withHop(given, hop);
  const limiter = withDeadline(deps.limiter, deps.now() + budgetMs);
  if (evicted) return renotifyEvicted({ ...deps, limiter }, { roomId, hop, evicted });
  if (unread) return checkUnread(deps, { roomId, hop, unread });
  const known = await deps.rooms.get(roomId);
  if (!known) return;
  const first = await deps.members.first(roomId, inlineMembers, "includingExpired");
  const ackMs = ackWithinMs(roomId, roomSizeOf(first)) ?? 0;
  const room = { ...known, afterMs: deps.redeliverAfterMs, ackWithinMs: ackMs };
  const membersOf = (part?: Part) => deps.members.pages(roomId, part, rest?.after, "includingExpired");
  if (part || rest) return checkMembers(deps, room, check, membersOf(part));
  if (first.share === 1) return checkMembers(deps, room, check, onePage(first.members));
  // A function has time for so many: of a larger room each part is a look of its own, and goes on by itself.
  const parts = partsOf(checksFor(roomSizeOf(first)));
  const [whole] = parts;
  if (parts.length === 1 && whole) return checkMembers(deps, room, { ...check, part: whole }, membersOf(whole));
  await Promise.all(parts.map((each) => deps.scheduleAckCheck({ roomId, hop: hop + 1, part: each }, 0)));
}

/** What a look orders anew is a further round as well, so that no chain goes on for ever. */
function withHop(deps: AckCheckDeps, hop: number): AckCheckDeps {
  const isNewChain = (check: AckCheck) => check.hop === 0 && !check.evicted && !check.rest;
  const deeper = (check: AckCheck) => (isNewChain(check) ? { ...check, hop: hop + 1 } : check);
  return { ...deps, scheduleAckCheck: (check, afterMs) => deps.scheduleAckCheck(deeper(check), afterMs) };
}

/** @param look its part is that of a large room, if it is one */
async function checkMembers(
  deps: AckCheckDeps,
  room: RoomToCheck,
  check: AckCheck,
  members: AsyncIterable<Member[]>,
): Promise<void> {
  const { roomId } = room;
  const { hop, part, rest } = check;
  // Not before the room is divided: each look reads its own.
  const unackedRanges = roomId.startsWith("@") ? [] : await readAll(deps.unackedRanges.pages(roomId, part));
  const untilMs = deps.now() + budgetMs;
  // In everyone's room each place has a key of its own.
  const writeLimiter = roomId === everyone ? unlimited : makeRateLimiter(redeliveriesPerSecond / (part?.of ?? 1), deps);
  const found: RoomFindings = {
    nexts: rest?.nextAtMs === undefined ? [] : [rest.nextAtMs],
    exhausted: [],
    undelivered: [],
    isSomebodyThere: false,
    devices: new Map(unackedRanges.map(({ subject }) => [subject, []])),
    limiter: withDeadline(deps.limiter, untilMs),
    writeLimiter: withDeadline(writeLimiter, untilMs),
  };
  const pending = pendingReader(deps, room, part !== undefined);
  const watermark = makeWatermark(rest?.after);
  let isOver = false;
  async function* inTime() {
    for await (const member of flatten(members)) {
      isOver ||= deps.now() > untilMs;
      if (isOver) return;
      yield { member, end: watermark.start(member.session) };
    }
  }
  await forEachLimited(inTime(), memberConcurrency, async ({ member, end }) => {
    if ((await checkMember(deps, room, member, pending, found)) === "later") isOver = true;
    else end();
  });
  const person = subjectOf(roomId);
  if (person !== undefined && !rest && !found.isSomebodyThere) {
    const absent = await checkOfflineSubject(deps, room, person, hop);
    found.undelivered.push(...absent.undelivered);
    found.nexts.push(...absent.nexts);
    found.recordReported = absent.recordReported;
  }
  // What is owed is judged by all devices: where not all were seen, by a look that sees them.
  const isPartial = isOver || rest !== undefined;
  if (isPartial && unackedRanges.length > 0) found.nexts.push(deps.now());
  const judged = isPartial ? [] : unackedRanges;
  const departed = await checkDepartedMembers(deps, room, judged, (subject) => found.devices.get(subject) ?? []);
  found.nexts.push(...departed.nexts);
  const undelivered = await undeliveredToReport(deps, room, [...found.undelivered, ...departed.undelivered], part);
  // Reported before it is noted as reported: a crash in between reports twice, the other order never.
  if (undelivered.length > 0) await deps.reportUndelivered(undelivered);
  await Promise.all([
    found.recordReported?.(),
    departed.clear(),
    person !== undefined && recordExhausted(deps, room, found),
  ]);
  await forEachLimited(found.exhausted, memberConcurrency, async (member) => {
    await writeLimiter.acquire();
    await deps.members.recordRedelivery(roomId, member);
  });
  if (isOver) await scheduleContinuation(deps, check, watermark.upTo, found.nexts);
  else await scheduleNextCheck(deps, room, hop, found.nexts, part);
}

/** A look that came further is not one more of the chain: there are only so many members. */
async function scheduleContinuation(
  deps: AckCheckDeps,
  check: AckCheck,
  upTo: string | undefined,
  nexts: readonly number[],
): Promise<void> {
  const { roomId, part } = check;
  const hop = upTo === check.rest?.after ? check.hop + 1 : check.hop;
  if (hop > maxHops) return;
  const rest = {
    ...(upTo !== undefined && { after: upTo }),
    ...(nexts.length > 0 && { nextAtMs: Math.min(...nexts) }),
  };
  await deps.scheduleAckCheck({ roomId, hop, ...(part && { part }), rest }, 0);
}

/** A device that was given up may go, and its person then be nowhere. */
async function recordExhausted(
  { resumePoints }: Pick<Deps, "resumePoints">,
  room: Room,
  { exhausted }: RoomFindings,
): Promise<void> {
  const { roomId, epoch } = room;
  const seq = Math.max(0, ...exhausted.map(({ exhaustedSeq }) => exhaustedSeq));
  if (seq > 0) await resumePoints.keep(roomId, exhaustedKey, { epoch, seq, hasAcked: true });
}

/** @returns `later`: there is no time for it in this look */
async function checkMember(
  deps: AckCheckDeps,
  room: RoomToCheck,
  member: Member,
  pending: ReadPending,
  found: RoomFindings,
): Promise<"done" | "later"> {
  found.devices.get(member.subject)?.push(member);
  if (!member.cursor || !isCurrent(member, room)) return "done";
  found.isSomebodyThere = true;
  if (member.cursor.epoch !== room.epoch) {
    // The room's counter was lost while the member was in: of the new epoch it has nothing yet.
    const { session, connectionId } = member;
    const cursor = { epoch: room.epoch, seq: 0 };
    await deps.members.setCursor(room.roomId, session, connectionId, cursor);
    return checkMember(
      deps,
      room,
      { ...member, cursor, redeliveries: 0, redeliveredAtMs: 0, exhaustedSeq: 0 },
      pending,
      found,
    );
  }
  if (member.cursor.seq >= room.seq) return "done";
  const kept = await pending(Math.max(member.cursor.seq, member.exhaustedSeq));
  const unacked = kept.filter(({ message }) => message && isFor(message, member.subject));
  const step = isPolling(member)
    ? nextStepOfPolling(member, unacked.filter(wasThereAt(member)), deps.now(), room)
    : nextStep(member, unacked, deps.now(), room);
  switch (step.kind) {
    case "rest":
      return "done";
    case "wait":
      found.nexts.push(step.untilMs);
      return "done";
    case "resend": {
      if (!(await found.writeLimiter.acquire()) || !(await found.limiter.acquire())) return "later";
      const redeliveredAtMs = deps.now();
      const { refused, isGone } = await resend(deps, room, member, step.entries, found.limiter);
      found.undelivered.push(...refused.flatMap((entry) => undeliveredOf(entry, member.subject)));
      // What it is owed has a look of its own then.
      if (isGone) return "done";
      const redeliveries = member.redeliveries + 1;
      await deps.members.recordRedelivery(room.roomId, { ...member, redeliveries, redeliveredAtMs });
      found.nexts.push(dueMs(redeliveredAtMs, redeliveries, room));
      return "done";
    }
    case "exhausted": {
      if (!(await found.writeLimiter.acquire())) return "later";
      const redeliveredAtMs = deps.now();
      const exhaustedSeq = step.entries.at(-1)?.seq ?? member.exhaustedSeq;
      found.undelivered.push(...step.entries.flatMap((entry) => undeliveredOf(entry, member.subject)));
      found.exhausted.push({ ...member, redeliveries: 0, redeliveredAtMs, exhaustedSeq });
      found.nexts.push(redeliveredAtMs + deps.redeliverAfterMs);
      return "done";
    }
  }
}

/** Whether a poller had its lease when a message came. */
const wasThereAt =
  ({ leaseExpiresAtMs = 0 }: Member) =>
  ({ message }: LogEntry) =>
    (message?.atMs ?? 0) <= leaseExpiresAtMs;

/** Members who stopped at the same message wait for the same ones: read once per look. */
function pendingReader(deps: Deps, room: Room, isLarge: boolean): ReadPending {
  const read = new Map<number, Promise<LogEntry[]>>();
  const readAfter = async (after: number) => {
    const entries = await readPending(deps, room, after, limits.unackedMessages);
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
async function scheduleNextCheck(
  deps: AckCheckDeps,
  room: Room,
  hop: number,
  nexts: readonly number[],
  part: Part | undefined,
): Promise<void> {
  if (nexts.length === 0 || hop >= maxHops) return;
  const pauseMs = deps.redeliverAfterMs * (hop < frequentHops ? 0.5 : 3);
  const atMs = Math.max(Math.min(...nexts), deps.now() + pauseMs);
  // Two chains that meet become one.
  const fresh = await deps.rooms.get(room.roomId);
  if (fresh && isCheckedBy(fresh, atMs, deps.now())) return;
  // One that is the whole of a large room looks anew whether it still is.
  const next = part && part.of > 1 ? { part } : {};
  await deps.scheduleAckCheck({ roomId: room.roomId, hop: hop + 1, ...next }, atMs - deps.now());
  // The look at a part is not one that sees every new message.
  if (hop < lastRecordedHop && !("part" in next)) await deps.rooms.recordAckCheck(room.roomId, atMs);
}
