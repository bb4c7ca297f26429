import { maxRedeliveries } from "../../lambdas/domain/schedule/ack-wait.ts";
import {
  assumedSeconds,
  aws,
  mappingSeconds,
  rateBurstSeconds,
  redeliverAfterSeconds,
  taskBudgetSeconds,
} from "./architecture.ts";
import type { Job, System } from "./system.ts";

/**
 * Requests a second during a fan-out, of which API Gateway serves `share`: posts, their acks, and up to three
 * redeliveries of each message whose post or ack was refused.
 *
 * @param lastsSeconds duration of the fan-out; redeliveries after it do not count
 */
export function offeredRequests(
  system: System,
  postsPerSecond: number,
  share = 1,
  lastsSeconds = Number.POSITIVE_INFINITY,
): number {
  const posts = postsPerSecond * share;
  if (!system.isAcked) return system.quietRequests + postsPerSecond;
  const failed = 1 - share ** 2;
  const redeliveries = Array.from({ length: maxRedeliveries }, (_, earlier) => {
    const pauses = redeliverAfterSeconds * (2 ** (earlier + 1) - 1);
    return failed ** earlier * Math.max(0, 1 - pauses / lastsSeconds);
  }).reduce((sum, odds) => sum + odds);
  const again = posts * (1 - share) * redeliveries;
  return system.quietRequests + postsPerSecond + posts + again * (1 + share);
}

/**
 * The share of requests that API Gateway's quota serves during a fan-out. All requests have the same chance.
 */
export function servedShare(system: System, postsPerSecond: number, lastsSeconds = Number.POSITIVE_INFINITY): number {
  let [low, high] = [0, 1];
  if (offeredRequests(system, postsPerSecond) <= system.requestsPerSecond) return 1;
  // A higher share means more requests, so there is exactly one balance.
  while (high - low > 1e-6) {
    const share = (low + high) / 2;
    if (share * offeredRequests(system, postsPerSecond, share, lastsSeconds) > system.requestsPerSecond) high = share;
    else low = share;
  }
  return low;
}

/**
 * @param isWarm whether the workers and the queue's mapping have already scaled up
 * @returns seconds from the push to its last post, without other fan-outs
 */
export function fanOutSeconds(system: System, job: Job, isWarm = false): number {
  const workers = Math.min(system.workers, job.tasks);
  const rate = system.workerRate * workers;
  const free = isLong(system, job) ? longSeconds(system, job, isWarm) : shortSeconds(system, job, isWarm);
  const excess = offeredRequests(system, rate) - system.requestsPerSecond;
  if (excess <= 0) return free;
  // The burst of the quota carries the start.
  const slowed = Math.max(0, job.posts - (system.requestBurst / excess) * rate) / rate;
  return free + slowed * (1 / servedShare(system, rate, slowed) - 1);
}

/** Runs of each task, if no request is refused. */
const runsOf = ({ workerRate }: System, { posts, tasks }: Job) =>
  Math.ceil(posts / tasks / workerRate / taskBudgetSeconds);
const isLong = (system: System, job: Job) => runsOf(system, job) > 1;

/** Long tasks return to the queue after each run, so that all workers are busy until the end. */
function longSeconds(system: System, { posts, tasks }: Job, isWarm: boolean): number {
  const workers = Math.min(system.workers, tasks);
  const perSecond = aws.mappingBatchesPerMinute / 60;
  const ramp = isWarm ? 0 : mappingSeconds(workers);
  // While the mapping scales up, half of the workers are missing on average. With one task per worker, the last task waits
  // for the last worker.
  const missing = tasks <= system.workers ? ramp : (perSecond * ramp ** 2) / 2 / workers;
  const posting = posts / (workers * system.workerRate) + missing;
  const { push, task } = assumedSeconds;
  return push + startSeconds(isWarm) + posting + Math.floor(posting / taskBudgetSeconds) * task;
}

/** Short tasks go to idle workers, one after the other. */
function shortSeconds(system: System, { posts, tasks }: Job, isWarm: boolean): number {
  const seconds = posts / tasks / system.workerRate;
  const workers = Array.from({ length: Math.min(system.workers, tasks) }, (_, i) => {
    const freeAt = isWarm ? 0 : mappingSeconds(i + 1);
    return { freeAt, credit: rateBurstSeconds, isWarm };
  });
  for (let given = 0; given < tasks; given += 1) {
    const worker = workers.reduce((first, other) => (other.freeAt < first.freeAt ? other : first));
    const start = startSeconds(worker.isWarm);
    const credit = Math.min(rateBurstSeconds, worker.credit + start);
    worker.freeAt += start + Math.max(0, seconds - credit);
    worker.credit = Math.max(0, credit - seconds);
    worker.isWarm = true;
  }
  const busy = workers.filter((worker) => worker.isWarm).map(({ freeAt }) => freeAt);
  return assumedSeconds.push + Math.max(...busy);
}

const startSeconds = (isWarm: boolean) => assumedSeconds.task + (isWarm ? 0 : assumedSeconds.coldStart);

/**
 * @returns average seconds from a push to its last post, with pushes at random; Infinity if they exceed the rate of posts
 */
export function queuedSeconds(system: System, job: Job, pushesPerSecond: number): number {
  const rate = system.workerRate * Math.min(system.workers, job.tasks);
  const all = system.workerRate * system.workers;
  const work = job.posts / (all * servedShare(system, rate));
  const busy = pushesPerSecond * work;
  if (busy >= 1) return Infinity;
  // A push whose tasks need one run waits for the pushes before it. With more runs, it alternates with all of them.
  const interleaving = 1 - 1 / runsOf(system, job);
  const waiting = ((1 + interleaving) * work * busy) / (2 * (1 - busy));
  return fanOutSeconds(system, job, true) + waiting;
}
