import type { Position } from "../../../protocol/frames.ts";
import { conversationId, subjectOf, subjectsOfConversation } from "../../../protocol/ids.ts";
import type { Deps } from "../model/deps.ts";
import type { Member } from "../model/member.ts";
import { noOutcomes, type Outcomes } from "../model/outcomes.ts";
import { isPolling } from "../model/polling.ts";
import type { PushRecord } from "../model/push-record.ts";
import { hasReached } from "../model/resume-point.ts";
import { exhaustedKey, reportedKey } from "../redelivery/offline-subject.ts";
import { isExhausted } from "../redelivery/report-undelivered.ts";

/** The most names in a list. Counts have no such limit. */
const maxNames = 100;
/** The push function has 28 s, and the room of everyone may have more members than it can read in that time. */
const statusWithinMs = 20_000;

/** The status of one message in one room. */
export interface RoomStatus {
  roomId: string;
  /** The message is in the log: a user without a connection gets it on return. */
  logged: boolean;
  /** The message was posted to all members of that time. */
  done: boolean;
  outcomes?: Outcomes;
  /** How many users have acked, and their names. */
  acked: number;
  ackedBy: string[];
  /** How many users have not acked yet, and their names. */
  waiting: number;
  waitingFor: string[];
  /** There was no time to read all members: counts and names cover only some of them. */
  partial?: true;
}

export type StatusDeps = Pick<Deps, "pushes" | "members" | "resumePoints" | "unackedRanges" | "now">;

/** @returns the status of a message of the last 24 hours, by room; `undefined` if there is no such message */
export async function pushStatus(deps: StatusDeps, messageId: string): Promise<RoomStatus[] | undefined> {
  const records = await deps.pushes.get(messageId);
  const untilMs = deps.now() + statusWithinMs;
  const isOver = () => deps.now() >= untilMs;
  return records.length === 0 ? undefined : Promise.all(records.map((record) => roomStatus(deps, record, isOver)));
}

async function roomStatus(deps: StatusDeps, record: PushRecord, isEnough: IsEnough): Promise<RoomStatus> {
  const { roomId, seq } = record;
  const outcomes = outcomesOf(record);
  const { ackedBy, waitingFor, isPartial } = await ackingUsers(deps, record, isEnough);
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

export interface AckingUsers {
  ackedBy: Set<string>;
  waitingFor: Set<string>;
  /** The room has more members than were read. */
  isPartial: boolean;
}

/** Whether to stop reading. Called after each page with the number of users that have acked. */
export type IsEnough = (acked: number) => boolean;

/**
 * The users that have acked a message, and the users, present or departed, that have not and are not reported as undelivered
 * yet.
 */
export async function ackingUsers(
  deps: StatusDeps,
  { roomId, epoch, seq, exclude = [], from }: PushRecord,
  isEnough: IsEnough,
): Promise<AckingUsers> {
  const users: AckingUsers = { ackedBy: new Set(), waitingFor: new Set(), isPartial: false };
  if (epoch === undefined || seq === undefined) return users;
  const message = { roomId, epoch, seq };
  await Promise.all([
    addMembers(deps, message, users, isEnough),
    addDepartedUsers(deps, message, users, isEnough),
    addOwner(deps, message, users),
  ]);
  // One device of a user is enough, and the sender need not ack.
  for (const subject of [...users.ackedBy, ...exclude, from]) {
    if (subject !== undefined) users.waitingFor.delete(subject);
  }
  for (const subject of exclude) users.ackedBy.delete(subject);
  return users;
}

type LoggedMessage = Position & { roomId: string };

async function addMembers(
  { members }: StatusDeps,
  message: LoggedMessage,
  users: AckingUsers,
  isEnough: IsEnough,
): Promise<void> {
  for await (const page of members.pages(message.roomId, undefined, undefined, "includingExpired")) {
    for (const member of page) addMember(member, message, users);
    users.isPartial = isEnough(users.ackedBy.size);
    if (users.isPartial) return;
  }
}

function addMember(member: Member, message: LoggedMessage, { ackedBy, waitingFor }: AckingUsers): void {
  const { subject, cursor, startSeq = 0 } = member;
  // Nothing is known of a member that does not ack. A member that started after the message was never sent it.
  if (cursor?.epoch !== message.epoch || startSeq >= message.seq) return;
  if (cursor.seq >= message.seq) ackedBy.add(subject);
  else if (!isPolling(member) || !isExhausted(member, message)) waitingFor.add(subject);
}

async function addDepartedUsers(
  { unackedRanges }: StatusDeps,
  { roomId, epoch, seq }: LoggedMessage,
  { ackedBy, waitingFor }: AckingUsers,
  isEnough: IsEnough,
): Promise<void> {
  for await (const page of unackedRanges.pages(roomId)) {
    for (const range of page) {
      if (range.epoch === epoch && range.after < seq && seq <= range.upTo) waitingFor.add(range.subject);
    }
    if (isEnough(ackedBy.size)) return;
  }
}

/** Adds the user whose own room it is, also without a connection. */
async function addOwner(
  { resumePoints }: StatusDeps,
  message: LoggedMessage,
  { ackedBy, waitingFor }: AckingUsers,
): Promise<void> {
  const { roomId, epoch, seq } = message;
  const owner = subjectOf(roomId);
  if (owner === undefined) return;
  const keys = [owner, reportedKey(owner), exhaustedKey(owner)];
  const [own, ...reported] = await Promise.all(keys.map((key) => resumePoints.get(roomId, key)));
  if (own && hasReached(own, message)) ackedBy.add(owner);
  // An offline user may still return, until the message is reported.
  else if (!reported.some((point) => point?.epoch === epoch && point.seq >= seq)) waitingFor.add(owner);
}

/** The name of a room as users know it: the log of a conversation has an internal name. */
function publicName(roomId: string): string {
  const pair = subjectsOfConversation(roomId);
  return pair ? conversationId(...pair) : roomId;
}

/** Whether all tasks of the push have been done. */
function isDone({ done, parts = 0, retryTaskCount = 0, tasks = [] }: PushRecord): boolean {
  const partsBegun = tasks.filter(({ ofPart }) => ofPart).length;
  // A task has no row before a worker begins it, so the retries are counted where they were enqueued.
  const retriesEnqueued = tasks.reduce((sum, task) => sum + (task.retryTaskCount ?? 0), retryTaskCount);
  const hasBegun = partsBegun >= parts && tasks.length - partsBegun >= retriesEnqueued;
  return done && hasBegun && tasks.every(({ doneAtMs }) => doneAtMs !== undefined);
}

/** The sum over the push and its tasks. */
function outcomesOf({ outcomes, tasks = [] }: PushRecord): Outcomes | undefined {
  const all = [...(outcomes ? [outcomes] : []), ...tasks.map((task) => task.outcomes)];
  if (all.length === 0) return undefined;
  const sum = noOutcomes();
  for (const each of all) for (const name of Object.keys(sum) as (keyof Outcomes)[]) sum[name] += each[name];
  return sum;
}
