import { makeFloor } from "../concurrency/watermark.ts";
import type { FanOutTask, OrderTasks, TaskNote } from "../model/fan-out-task.ts";
import type { Member } from "../model/member.ts";
import { mostRounds } from "../schedule/max-hops.ts";
import { readdressed } from "../wire/outgoing-message.ts";
import { type Carried, carry, loadOf } from "./batch.ts";
import { alongWith } from "./coalesce.ts";
import { isLastTry, pauseMs, tasksAgain, triesOf } from "./enqueue.ts";
import { roundMs } from "./plan.ts";
import { type WalkDeps, walk } from "./post-pages.ts";

/** Longer than the function may take: whoever comes after it finds the task free. */
export const leaseMs = 45_000;
/** After a crash so much is posted twice. */
export const noteEveryMs = 1_000;
const placesAtOnce = 25;

export interface FanOutDeps extends WalkDeps {
  /** Puts tasks aside for somebody to look at. */
  giveUp: OrderTasks;
}

/**
 * Works at a task until it is done or the time of one round is over; then it orders the rest anew.
 *
 * @returns `taken`: somebody else is at it, and this order has to wait for what comes of that
 */
export async function runTask(deps: FanOutDeps, ordered: FanOutTask): Promise<"done" | "taken"> {
  const task = readdressed(deps, ordered);
  const untilMs = deps.now() + roundMs;
  const worker = deps.newId();
  const leaseUntilMs = deps.now() + leaseMs;
  const found = await deps.tasks.take(task, worker, leaseUntilMs);
  if (typeof found === "string") return found;

  const together = await alongWith(deps, task, found, worker, leaseUntilMs);
  const { epoch = "", others } = together;
  const carried = [carry(task, found), ...others].sort((a, b) => (a.task.seq ?? 0) - (b.task.seq ?? 0));
  const wanted = carried.filter(({ task: { untilMs: wantedUntilMs = Infinity } }) => wantedUntilMs > deps.now());
  const floor = makeFloor(found.after);
  const books = keepBooks(deps, worker, carried);
  const note = (end: Pick<TaskNote, "doneAtMs" | "untilMs">) =>
    books({ ...(floor.upTo !== undefined && { after: floor.upTo }), ...end });

  let notedAtMs = deps.now();
  let isLost = false;
  const noteNowAndThen = async () => {
    if (isLost || deps.now() - notedAtMs < noteEveryMs) return;
    notedAtMs = deps.now();
    isLost = (await note({ untilMs: leaseUntilMs })) === "lost";
  };
  const pages = wanted.length === 0 ? nobody() : membersOf(deps, task, found.after);
  // Whoever has lost the task stops: somebody else posts to the same members.
  const isOver = () => isLost || deps.now() >= untilMs;
  const isWhole = await walk(deps, task.roomId, pages, loadOf(wanted, epoch), floor, isOver, noteNowAndThen);
  if (isLost) return "taken";
  if (isWhole) return (await note({ doneAtMs: deps.now() })) === "lost" ? "taken" : "done";
  if ((await note({})) === "lost") return "taken";
  // Noted before it is handed on: the next one goes on where this one stopped.
  const rest = { ...task, round: task.round + 1 };
  await (rest.round > mostRounds ? deps.giveUp([rest]) : deps.orderTasks([rest]));
  return "done";
}

/** Notes how far all the messages have come; what failed is ordered before it is noted as passed. */
function keepBooks(deps: FanOutDeps, worker: string, carried: readonly Carried[]) {
  return async (where: Omit<TaskNote, "outcomes" | "handedBack">): Promise<"noted" | "lost"> => {
    const noted = await Promise.all(
      carried.map(async (one) => {
        const { task, again } = one;
        const counts = { ...one.outcomes };
        const sessions = again.splice(0);
        try {
          one.handedBack += await tryAgain(deps, task, sessions);
        } catch (error) {
          // The next note must not pass them over.
          again.push(...sessions);
          throw error;
        }
        return deps.tasks.note(task, worker, {
          ...where,
          outcomes: counts,
          ...(one.handedBack > 0 && { handedBack: one.handedBack }),
        });
      }),
    );
    return noted.includes("lost") ? "lost" : "noted";
  };
}

/** @returns how many tasks will try them again: none after the last try, when they are put aside */
async function tryAgain(deps: FanOutDeps, task: FanOutTask, sessions: string[]): Promise<number> {
  if (sessions.length === 0) return 0;
  const next = triesOf(task) + 1;
  const tasks = tasksAgain(deps, task, sessions, next);
  const isLast = isLastTry(task);
  await (isLast ? deps.giveUp(tasks) : deps.orderTasks(tasks, pauseMs(next)));
  return isLast ? 0 : tasks.length;
}

function membersOf(
  { members }: Pick<FanOutDeps, "members">,
  { roomId, to }: FanOutTask,
  after?: string,
): AsyncIterable<Member[]> {
  return "sessions" in to ? placesOf(members, roomId, to.sessions, after) : members.pages(roomId, to, after);
}

/** Those who are still there. */
async function* placesOf(
  members: FanOutDeps["members"],
  roomId: string,
  sessions: readonly string[],
  after: string | undefined,
): AsyncGenerator<Member[]> {
  const begin = after === undefined ? 0 : sessions.indexOf(after) + 1;
  for (let from = begin; from < sessions.length; from += placesAtOnce) {
    const some = sessions.slice(from, from + placesAtOnce);
    const places = await Promise.all(some.map((session) => members.get(roomId, session)));
    yield places.filter((place) => place !== undefined);
  }
}

async function* nobody(): AsyncGenerator<Member[]> {}
