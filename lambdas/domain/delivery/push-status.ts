import { subjectOf } from "../../../protocol/ids.ts";
import type { WaitFor } from "../../../protocol/push.ts";
import { hasReached } from "../log/stop.ts";
import { flatten } from "../pool.ts";
import type { Deps, Outcomes, PushRecord } from "../ports.ts";
import { noOutcomes } from "./deliver.ts";

/** As many names as an answer lists; the counts are of all. */
const mostNames = 100;
const pausesMs = [50, 100, 200, 400];

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
}
type StatusDeps = Pick<Deps, "pushes" | "members" | "cursors">;

/** @returns what is known of a message of the last day, `undefined` if nothing is */
export async function pushStatus(deps: StatusDeps, messageId: string): Promise<RoomStatus[] | undefined> {
  const records = await deps.pushes.get(messageId);
  return records.length === 0 ? undefined : Promise.all(records.map((record) => roomStatus(deps, record)));
}

async function roomStatus({ members, cursors }: StatusDeps, record: PushRecord): Promise<RoomStatus> {
  const { roomId, epoch, seq, exclude } = record;
  const ackedBy = new Set<string>();
  const waitingFor = new Set<string>();
  const outcomes = outcomesOf(record);
  const status = { roomId, logged: seq !== undefined, done: isDone(record), ...(outcomes && { outcomes }) };
  if (seq !== undefined) {
    for await (const { subject, cursor, beganSeq = 0 } of flatten(members.pages(roomId))) {
      // Who does not ack is neither: nobody can know.
      if (!cursor || cursor.epoch !== epoch || exclude?.includes(subject)) continue;
      if (cursor.seq < seq) waitingFor.add(subject);
      // Whoever came in behind the message was never sent it.
      else if (beganSeq < seq) ackedBy.add(subject);
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

/** Waits until so many have acked, or the time is over. @returns how many have */
export async function waitForAcks(
  deps: StatusDeps & Pick<Deps, "now" | "wait">,
  records: readonly PushRecord[],
  { acks, withinMs }: WaitFor,
): Promise<{ reached: boolean; acks: number }> {
  const untilMs = deps.now() + withinMs;
  for (let asked = 0; ; asked += 1) {
    const askedAtMs = deps.now();
    const statuses = await Promise.all(records.map((record) => roomStatus(deps, record)));
    const got = statuses.reduce((sum, { acked }) => sum + acked, 0);
    const leftMs = untilMs - deps.now();
    if (got >= acks || leftMs <= 0) return { reached: got >= acks, acks: got };
    // A large room takes long to read: it is asked less often.
    const pauseMs = Math.max(pausesMs[asked] ?? 500, 4 * (deps.now() - askedAtMs));
    await deps.wait(Math.min(pauseMs, leftMs));
  }
}
