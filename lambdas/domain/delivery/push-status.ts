import { subjectOf } from "../../../protocol/ids.ts";
import type { WaitFor } from "../../../protocol/push.ts";
import { hasReached } from "../log/stop.ts";
import type { Deps, Outcomes, PushRecord } from "../ports.ts";
import { noOutcomes } from "./deliver.ts";

/** As many names as an answer lists; the counts are of all. */
const mostNames = 100;
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
type StatusDeps = Pick<Deps, "pushes" | "members" | "cursors" | "now">;

/** @returns what is known of a message of the last day, `undefined` if nothing is */
export async function pushStatus(deps: StatusDeps, messageId: string): Promise<RoomStatus[] | undefined> {
  const records = await deps.pushes.get(messageId);
  const untilMs = deps.now() + statusWithinMs;
  const isOver = () => deps.now() >= untilMs;
  return records.length === 0 ? undefined : Promise.all(records.map((record) => roomStatus(deps, record, isOver)));
}

/** @param isEnough asked after each page of members with how many have acked; whether no further one is to be read */
async function roomStatus(
  { members, cursors }: StatusDeps,
  record: PushRecord,
  isEnough: (acked: number) => boolean,
): Promise<RoomStatus> {
  const { roomId, epoch, seq, exclude } = record;
  const ackedBy = new Set<string>();
  const waitingFor = new Set<string>();
  const outcomes = outcomesOf(record);
  const status = { roomId, logged: seq !== undefined, done: isDone(record), ...(outcomes && { outcomes }) };
  let isPartial = false;
  if (seq !== undefined) {
    for await (const page of members.pages(roomId)) {
      for (const { subject, cursor, beganSeq = 0 } of page) {
        // Who does not ack is neither: nobody can know.
        if (!cursor || cursor.epoch !== epoch || exclude?.includes(subject)) continue;
        if (cursor.seq < seq) waitingFor.add(subject);
        // Whoever came in behind the message was never sent it.
        else if (beganSeq < seq) ackedBy.add(subject);
      }
      isPartial = isEnough(ackedBy.size);
      if (isPartial) break;
    }
    const person = subjectOf(roomId);
    const had = person === undefined ? undefined : await cursors.get(roomId, person);
    if (person !== undefined && had && epoch !== undefined && hasReached(had, { epoch, seq })) ackedBy.add(person);
  }
  // One device of a person is enough.
  for (const subject of ackedBy) waitingFor.delete(subject);
  return {
    ...status,
    acked: ackedBy.size,
    ackedBy: [...ackedBy].slice(0, mostNames),
    waiting: waitingFor.size,
    waitingFor: [...waitingFor].slice(0, mostNames),
    ...(isPartial && { partial: true }),
  };
}

/** All that was ordered has come to its end, and nothing is missing. */
function isDone({ done, parts = 0, handedBack = 0, tasks = [] }: PushRecord): boolean {
  const begunParts = tasks.filter(({ ofPart }) => ofPart).length;
  // A task has no row of its own before somebody begins it.
  const ordered = tasks.reduce((sum, task) => sum + (task.handedBack ?? 0), handedBack);
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
  let got = 0;
  for (let asked = 0; ; asked += 1) {
    const askedAtMs = deps.now();
    const statuses = await Promise.all(records.map((record) => roomStatus(deps, record, isEnough)));
    // Nobody takes an ack back; a reading that was broken off may have found fewer than one before.
    got = Math.max(
      got,
      statuses.reduce((sum, { acked }) => sum + acked, 0),
    );
    const leftMs = untilMs - deps.now();
    if (got >= acks || leftMs <= 0) return { reached: got >= acks, acks: got };
    // A large room takes long to read: it is asked less often.
    const pauseMs = Math.max(pausesMs[asked] ?? 500, 4 * (deps.now() - askedAtMs));
    await deps.wait(Math.min(pauseMs, leftMs));
  }
}
