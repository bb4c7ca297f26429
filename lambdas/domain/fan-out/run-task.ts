import { makeWatermark, type Watermark } from "../concurrency/watermark.ts";
import type { EnqueueTasks, FanOutTask, TaskProgress } from "../model/fan-out-task.ts";
import type { Member } from "../model/member.ts";
import { maxHops } from "../schedule/max-hops.ts";
import { withFreshUrl } from "../wire/outgoing-message.ts";
import { type BatchedMessage, batchedMessage, batchOf } from "./batch.ts";
import { coalesce, type TaskLease } from "./coalesce.ts";
import { isLastRetry, retriesOf, retryDelayMs, retryTasks } from "./enqueue.ts";
import { taskBudgetMs } from "./plan.ts";
import { type PostPagesDeps, postPages } from "./post-pages.ts";

/** Longer than the function's time limit, so that a worker never loses a lease it still uses. */
export const taskLeaseMs = 45_000;
/** A worker that crashes repeats the posts of about this time. */
export const recordEveryMs = 1_000;
const readConcurrency = 25;

export interface FanOutDeps extends PostPagesDeps {
  /** Moves tasks to the dead-letter queue. */
  deadLetter: EnqueueTasks;
}

/**
 * Posts a message to the members that a task names, until all are done or the time of one invocation is over. Then it
 * enqueues the rest.
 *
 * @returns `taken` if another worker holds the task's lease; the queue has to show the task again later
 */
export async function runTask(deps: FanOutDeps, queued: FanOutTask): Promise<"done" | "taken"> {
  const task = withFreshUrl(deps, queued);
  const untilMs = deps.now() + taskBudgetMs;
  const lease = { worker: deps.newId(), expiresAtMs: deps.now() + taskLeaseMs };
  const progress = await deps.tasks.acquire(task, lease.worker, lease.expiresAtMs);
  if (typeof progress === "string") return progress;

  const { epoch = "", others } = await coalesce(deps, task, progress, lease);
  const messages = [batchedMessage(task, progress), ...others].sort((a, b) => (a.task.seq ?? 0) - (b.task.seq ?? 0));
  const unexpired = messages.filter(({ task: { ttlEndsAtMs = Infinity } }) => ttlEndsAtMs > deps.now());
  const watermark = makeWatermark(progress.after);
  const recorder = makeRecorder(deps, lease, messages, watermark);
  const isComplete = await postPages(deps, batchOf(unexpired, epoch), {
    roomId: task.roomId,
    pages: unexpired.length === 0 ? noPages() : membersOf(deps, task, progress.after),
    watermark,
    // A worker that has lost its lease stops: another worker posts to the same members.
    isOver: () => recorder.isLost || deps.now() >= untilMs,
    afterEach: recorder.recordPeriodically,
  });
  // Recorded before the rest is enqueued: the next worker starts where this one stopped.
  if (!recorder.isLost) await recorder.record(isComplete ? { doneAtMs: deps.now() } : {});
  if (recorder.isLost) return "taken";
  if (!isComplete) await enqueueRest(deps, task);
  return "done";
}

/** Records the progress of a batch. */
interface Recorder {
  /** Without `leaseExpiresAtMs` the leases of the tasks end. */
  record(end: Pick<TaskProgress, "doneAtMs" | "leaseExpiresAtMs">): Promise<void>;
  /** Call it after each member. It records at most once in `recordEveryMs`, and keeps the leases. */
  recordPeriodically(): Promise<void>;
  /** Whether the worker has lost the lease of one of its tasks. */
  readonly isLost: boolean;
}

function makeRecorder(
  deps: FanOutDeps,
  lease: TaskLease,
  messages: readonly BatchedMessage[],
  watermark: Watermark,
): Recorder {
  let recordedAtMs = deps.now();
  let isRecording = false;
  let isLost = false;
  const record: Recorder["record"] = async (end) => {
    const position = { ...(watermark.upTo !== undefined && { after: watermark.upTo }), ...end };
    const recorded = await Promise.all(messages.map((message) => recordMessage(deps, lease, message, position)));
    if (recorded.includes("lost")) isLost = true;
  };
  return {
    record,
    async recordPeriodically() {
      // One at a time: another record would pass sessions whose retries this one has not enqueued yet.
      if (isLost || isRecording || deps.now() - recordedAtMs < recordEveryMs) return;
      isRecording = true;
      recordedAtMs = deps.now();
      await record({ leaseExpiresAtMs: lease.expiresAtMs }).finally(() => {
        isRecording = false;
      });
    },
    get isLost() {
      return isLost;
    },
  };
}

/** Enqueues the retries of a message, and then records the progress that passes them. */
async function recordMessage(
  deps: FanOutDeps,
  { worker }: TaskLease,
  message: BatchedMessage,
  position: Omit<TaskProgress, "outcomes" | "retryTaskCount">,
): Promise<"recorded" | "lost"> {
  const { task, retries } = message;
  const outcomes = { ...message.outcomes };
  const sessions = retries.splice(0);
  try {
    message.retryTaskCount += await enqueueRetries(deps, task, sessions);
  } catch (error) {
    // The next record must not pass these sessions.
    retries.push(...sessions);
    throw error;
  }
  return deps.tasks.record(task, worker, {
    ...position,
    outcomes,
    ...(message.retryTaskCount > 0 && { retryTaskCount: message.retryTaskCount }),
  });
}

/** Enqueues the members of a task that no post was started for. After `maxHops`, they go to the dead-letter queue. */
async function enqueueRest(deps: FanOutDeps, task: FanOutTask): Promise<void> {
  const rest = { ...task, hop: task.hop + 1 };
  await (rest.hop > maxHops ? deps.deadLetter([rest]) : deps.enqueueTasks([rest]));
}

/** @returns the number of retry tasks; 0 after the last retry, when the sessions go to the dead-letter queue */
async function enqueueRetries(deps: FanOutDeps, task: FanOutTask, sessions: string[]): Promise<number> {
  if (sessions.length === 0) return 0;
  const next = retriesOf(task) + 1;
  const tasks = retryTasks(deps, task, sessions, next);
  const isLast = isLastRetry(task);
  await (isLast ? deps.deadLetter(tasks) : deps.enqueueTasks(tasks, retryDelayMs(next)));
  return isLast ? 0 : tasks.length;
}

function membersOf(
  { members }: Pick<FanOutDeps, "members">,
  { roomId, to }: FanOutTask,
  after?: string,
): AsyncIterable<Member[]> {
  return "sessions" in to ? membersOfSessions(members, roomId, to.sessions, after) : members.pages(roomId, to, after);
}

/** Skips sessions that have left the room. */
async function* membersOfSessions(
  members: FanOutDeps["members"],
  roomId: string,
  sessions: readonly string[],
  after: string | undefined,
): AsyncGenerator<Member[]> {
  const start = after === undefined ? 0 : sessions.indexOf(after) + 1;
  for (let from = start; from < sessions.length; from += readConcurrency) {
    const some = sessions.slice(from, from + readConcurrency);
    const read = await Promise.all(some.map((session) => members.get(roomId, session)));
    yield read.filter((member) => member !== undefined);
  }
}

async function* noPages(): AsyncGenerator<Member[]> {}
