import { makeWatermark } from "../concurrency/watermark.ts";
import type { FanOutTask, EnqueueTasks, TaskProgress } from "../model/fan-out-task.ts";
import type { Member } from "../model/member.ts";
import { maxHops } from "../schedule/max-hops.ts";
import { withFreshUrl } from "../wire/outgoing-message.ts";
import { type BatchedMessage, batchedMessage, batchOf } from "./batch.ts";
import { coalesce } from "./coalesce.ts";
import { isLastRetry, pauseMs, retryTasks, retriesOf } from "./enqueue.ts";
import { taskBudgetMs } from "./plan.ts";
import { type PostPagesDeps, postPages } from "./post-pages.ts";

/** Longer than the function may take: whoever comes after it finds the task free. */
export const leaseMs = 45_000;
/** After a crash so much is posted twice. */
export const recordEveryMs = 1_000;
const readConcurrency = 25;

export interface FanOutDeps extends PostPagesDeps {
  /** Puts tasks aside for somebody to look at. */
  deadLetter: EnqueueTasks;
}

/**
 * Works at a task until it is done or the time of one round is over; then it orders the rest anew.
 *
 * @returns `taken`: somebody else is at it, and this order has to wait for what comes of that
 */
export async function runTask(deps: FanOutDeps, ordered: FanOutTask): Promise<"done" | "taken"> {
  const task = withFreshUrl(deps, ordered);
  const untilMs = deps.now() + taskBudgetMs;
  const worker = deps.newId();
  const leaseUntilMs = deps.now() + leaseMs;
  const found = await deps.tasks.acquire(task, worker, leaseUntilMs);
  if (typeof found === "string") return found;

  const coalesced = await coalesce(deps, task, found, worker, leaseUntilMs);
  const { epoch = "", others } = coalesced;
  const messages = [batchedMessage(task, found), ...others].sort((a, b) => (a.task.seq ?? 0) - (b.task.seq ?? 0));
  const wanted = messages.filter(({ task: { untilMs: wantedUntilMs = Infinity } }) => wantedUntilMs > deps.now());
  const watermark = makeWatermark(found.after);
  const record = trackProgress(deps, worker, messages);
  const record = (end: Pick<TaskProgress, "doneAtMs" | "untilMs">) =>
    record({ ...(watermark.upTo !== undefined && { after: watermark.upTo }), ...end });

  let recordedAtMs = deps.now();
  let isLost = false;
  const recordPeriodically = async () => {
    if (isLost || deps.now() - recordedAtMs < recordEveryMs) return;
    recordedAtMs = deps.now();
    isLost = (await record({ untilMs: leaseUntilMs })) === "lost";
  };
  const pages = wanted.length === 0 ? nobody() : membersOf(deps, task, found.after);
  // Whoever has lost the task stops: somebody else posts to the same members.
  const isOver = () => isLost || deps.now() >= untilMs;
  const isWhole = await postPages(deps, task.roomId, pages, batchOf(wanted, epoch), watermark, isOver, recordPeriodically);
  if (isLost) return "taken";
  if (isWhole) return (await record({ doneAtMs: deps.now() })) === "lost" ? "taken" : "done";
  if ((await record({})) === "lost") return "taken";
  // Noted before it is handed on: the next one goes on where this one stopped.
  const rest = { ...task, hop: task.hop + 1 };
  await (rest.hop > maxHops ? deps.deadLetter([rest]) : deps.enqueueTasks([rest]));
  return "done";
}

/** Notes how far all the messages have come; what failed is ordered before it is noted as passed. */
function trackProgress(deps: FanOutDeps, worker: string, messages: readonly BatchedMessage[]) {
  return async (where: Omit<TaskProgress, "outcomes" | "retryTaskCount">): Promise<"recorded" | "lost"> => {
    const recorded = await Promise.all(
      messages.map(async (one) => {
        const { task, retries } = one;
        const counts = { ...one.outcomes };
        const sessions = retries.splice(0);
        try {
          one.retryTaskCount += await enqueueRetries(deps, task, sessions);
        } catch (error) {
          // The next note must not pass them over.
          retries.push(...sessions);
          throw error;
        }
        return deps.tasks.record(task, worker, {
          ...where,
          outcomes: counts,
          ...(one.retryTaskCount > 0 && { retryTaskCount: one.retryTaskCount }),
        });
      }),
    );
    return recorded.includes("lost") ? "lost" : "noted";
  };
}

/** @returns how many tasks will try them again: none after the last try, when they are put aside */
async function enqueueRetries(deps: FanOutDeps, task: FanOutTask, sessions: string[]): Promise<number> {
  if (sessions.length === 0) return 0;
  const next = retriesOf(task) + 1;
  const tasks = retryTasks(deps, task, sessions, next);
  const isLast = isLastRetry(task);
  await (isLast ? deps.deadLetter(tasks) : deps.enqueueTasks(tasks, pauseMs(next)));
  return isLast ? 0 : tasks.length;
}

function membersOf(
  { members }: Pick<FanOutDeps, "members">,
  { roomId, to }: FanOutTask,
  after?: string,
): AsyncIterable<Member[]> {
  return "sessions" in to ? membersOfSessions(members, roomId, to.sessions, after) : members.pages(roomId, to, after);
}

/** Those who are still there. */
async function* membersOfSessions(
  members: FanOutDeps["members"],
  roomId: string,
  sessions: readonly string[],
  after: string | undefined,
): AsyncGenerator<Member[]> {
  const start = after === undefined ? 0 : sessions.indexOf(after) + 1;
  for (let from = start; from < sessions.length; from += readConcurrency) {
    const some = sessions.slice(from, from + readConcurrency);
    const places = await Promise.all(some.map((session) => members.get(roomId, session)));
    yield places.filter((place) => place !== undefined);
  }
}

async function* nobody(): AsyncGenerator<Member[]> {}
