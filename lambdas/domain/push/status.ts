import { conversationId, subjectOf, subjectsOfConversation } from "../../../protocol/ids.ts";
import type { WaitFor } from "../../../protocol/push.ts";
import type { Deps } from "../model/deps.ts";
import type { Member } from "../model/member.ts";
import { isPolling } from "../model/member.ts";
import type { Outcomes } from "../model/outcomes.ts";
import { noOutcomes } from "../model/outcomes.ts";
import type { PushRecord } from "../model/push-record.ts";
import { hasReached } from "../model/resume-point.ts";
import { exhaustedKey, reportedKey } from "../redelivery/offline-subject.ts";
import { isExhausted } from "../redelivery/report-undelivered.ts";

/** As many names as an answer lists; the counts are of all. */
const maxNames = 100;
const pausesMs = [50, 100, 200, 400];
/** The push function has 28 s, and everyone may be more than can be read in them. */
const statusWithinMs = 20_000;

/** What became of one message in one room. */
export interface RoomStatus {
  roomId: string;
  /** It is kept: members who are away get it when they come back. */
  logged: boolean;
  /** All members of then were posted to. */
  done: boolean;
  outcomes?: Outcomes;
  acked: number;
  ackedBy: string[];
  waiting: number;
  waitingFor: string[];
  /** There was no time for all members: counts and names are of those that were read. */
  partial?: true;
}
type StatusDeps = Pick<Deps, "pushes" | "members" | "resumePoints" | "unackedRanges" | "now">;

/** @returns what is known of a message of the last day, `undefined` if nothing is */
export async function pushStatus(deps: StatusDeps, messageId: string): Promise<RoomStatus[] | undefined> {
  const records = await deps.pushes.get(messageId);
  const untilMs = deps.now() + statusWithinMs;
  const isOver = () => deps.now() >= untilMs;
  return records.length === 0 ? undefined : Promise.all(records.map((record) => roomStatus(deps, record, isOver)));
}

async function roomStatus(deps: StatusDeps, record: PushRecord, isEnough: IsEnough): Promise<RoomStatus> {
  const { roomId, seq } = record;
  const outcomes = outcomesOf(record);
  const { ackedBy, waitingFor, isPartial } = await personsOf(deps, record, isEnough);
  return {
    roomId: publicName(roomId),
    logged: seq !== undefined,
    done: isDone(record),
    ...(outcomes && { outcomes }),
    acked: ackedBy.size,
    ackedBy: [...ackedBy].slice(0, maxNames),
    waiting: waitingFor.size,
    waitingFor: [...waitingFor].slice(0, maxNames),
    ...(isPartial && { partial: true }),
  };
}

interface Persons {
  ackedBy: Set<string>;
  waitingFor: Set<string>;
  /** There are more members than were read. */
  isPartial: boolean;
}
/** Asked after each page of members with how many have acked: whether no further one is to be read. */
type IsEnough = (acked: number) => boolean;

/** Who has the message, and who has not, is still in or has gone, and is not reported yet. */
async function personsOf(
  deps: StatusDeps,
  { roomId, epoch, seq, exclude = [], from }: PushRecord,
  isEnough: IsEnough,
): Promise<Persons> {
  const ackedBy = new Set<string>();
  const waitingFor = new Set<string>();
  if (epoch === undefined || seq === undefined) return { ackedBy, waitingFor, isPartial: false };
  const at = { epoch, seq };
  let isPartial = false;
  const take = (member: Member) => {
    const { subject, cursor, startSeq = 0 } = member;
    // Who does not ack is neither: nobody can know. Nor is who came in behind the message: it was never sent there.
    if (cursor?.epoch !== epoch || startSeq >= seq) return;
    if (cursor.seq >= seq) ackedBy.add(subject);
    else if (!isPolling(member) || !isExhausted(member, at)) waitingFor.add(subject);
  };
  const readMembers = async () => {
    for await (const page of deps.members.pages(roomId, undefined, undefined, "includingExpired")) {
      for (const member of page) take(member);
      isPartial = isEnough(ackedBy.size);
      if (isPartial) return;
    }
  };
  const readUnackedRanges = async () => {
    for await (const page of deps.unackedRanges.pages(roomId)) {
      for (const range of page) {
        if (range.epoch === epoch && range.after < seq && seq <= range.upTo) waitingFor.add(range.subject);
      }
      if (isEnough(ackedBy.size)) return;
    }
  };
  const person = subjectOf(roomId);
  const readBooks = async () => {
    if (person === undefined) return;
    const names = [person, reportedKey, exhaustedKey];
    const [had, ...reported] = await Promise.all(names.map((name) => deps.resumePoints.get(roomId, name)));
    if (had && hasReached(had, at)) ackedBy.add(person);
    // Whoever is nowhere may still come.
    else if (!reported.some((resumePoint) => resumePoint?.epoch === epoch && resumePoint.seq >= seq))
      waitingFor.add(person);
  };
  await Promise.all([readMembers(), readUnackedRanges(), readBooks()]);
  // One device of a person is enough, and nobody waits for who sent it.
  for (const subject of [...ackedBy, ...exclude, from]) if (subject !== undefined) waitingFor.delete(subject);
  for (const subject of exclude) ackedBy.delete(subject);
  return { ackedBy, waitingFor, isPartial };
}

/** The log of a conversation has a name of its own, that only the tables know. */
function publicName(roomId: string): string {
  const pair = subjectsOfConversation(roomId);
  return pair ? conversationId(...pair) : roomId;
}

/** All that was ordered has come to its end, and nothing is missing. */
function isDone({ done, parts = 0, retryTaskCount = 0, tasks = [] }: PushRecord): boolean {
  const begunParts = tasks.filter(({ ofPart }) => ofPart).length;
  // A task has no row of its own before somebody begins it.
  const ordered = tasks.reduce((sum, task) => sum + (task.retryTaskCount ?? 0), retryTaskCount);
  const hasBegun = begunParts >= parts && tasks.length - begunParts >= ordered;
  return done && hasBegun && tasks.every(({ doneAtMs }) => doneAtMs !== undefined);
}

/** Of the push itself and of all that it ordered. */
function outcomesOf({ outcomes, tasks = [] }: PushRecord): Outcomes | undefined {
  const all = [...(outcomes ? [outcomes] : []), ...tasks.map((task) => task.outcomes)];
  if (all.length === 0) return undefined;
  const sum = noOutcomes();
  for (const each of all) for (const name of Object.keys(sum) as (keyof Outcomes)[]) sum[name] += each[name];
  return sum;
}

/**
 * Waits until so many have acked, or the time is over, and reads no more members than that takes.
 *
 * @returns how many have; of a large room, as many as were found by then
 */
export async function waitForAcks(
  deps: StatusDeps & Pick<Deps, "wait">,
  records: readonly PushRecord[],
  { acks, withinMs }: WaitFor,
): Promise<{ reached: boolean; acks: number }> {
  const untilMs = deps.now() + withinMs;
  const isEnough = (acked: number) => acked >= acks || deps.now() >= untilMs;
  // Who has acked once has it, wherever that is kept later; and a reading that was broken off may find fewer.
  const acked = records.map(() => new Set<string>());
  for (let asked = 0; ; asked += 1) {
    const requestedAtMs = deps.now();
    const bySubject = await Promise.all(records.map((record) => personsOf(deps, record, isEnough)));
    for (const [i, { ackedBy }] of bySubject.entries()) for (const subject of ackedBy) acked[i]?.add(subject);
    const got = acked.reduce((sum, { size }) => sum + size, 0);
    const leftMs = untilMs - deps.now();
    if (got >= acks || leftMs <= 0) return { reached: got >= acks, acks: got };
    // A large room takes long to read: it is asked less often.
    const pauseMs = Math.max(pausesMs[asked] ?? 500, 4 * (deps.now() - requestedAtMs));
    await deps.wait(Math.min(pauseMs, leftMs));
  }
}
