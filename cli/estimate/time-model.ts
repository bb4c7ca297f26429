import {
  assumedSeconds,
  aws,
  fanOut,
  mappingSeconds,
  mostTries,
  paceBurstSeconds,
  redeliverAfterSeconds,
} from "./architecture.ts";
import type { Job, System } from "./system.ts";

/**
 * Requests a second that are made while so many posts a second are tried, of which `share` gets through: an ack for
 * each, and where one of the two was refused, the message again, three times at most.
 *
 * @param lastsSeconds how long that goes on: what is sent again comes later
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
  const tries = Array.from({ length: mostTries }, (_, earlier) => {
    const pauses = redeliverAfterSeconds * (2 ** (earlier + 1) - 1);
    return failed ** earlier * Math.max(0, 1 - pauses / lastsSeconds);
  }).reduce((sum, odds) => sum + odds);
  const again = posts * (1 - share) * tries;
  return system.quietRequests + postsPerSecond + posts + again * (1 + share);
}

/**
 * How much of all requests gets through API Gateway's quota while so many posts a second are tried: whatever comes has
 * the same chance.
 */
export function servedShare(system: System, postsPerSecond: number, lastsSeconds = Number.POSITIVE_INFINITY): number {
  let [low, high] = [0, 1];
  if (offeredRequests(system, postsPerSecond) <= system.requestsPerSecond) return 1;
  // The more gets through, the more is offered and granted: there is one balance.
  while (high - low > 1e-6) {
    const share = (low + high) / 2;
    if (share * offeredRequests(system, postsPerSecond, share, lastsSeconds) > system.requestsPerSecond) high = share;
    else low = share;
  }
  return low;
}

/**
 * @param isWarm workers have just worked, and the queue's mapping has grown
 * @returns seconds from the push to its last post, if nothing else is fanned out
 */
export function fanOutSeconds(system: System, job: Job, isWarm = false): number {
  const workers = Math.min(system.workers, job.tasks);
  const rate = system.workerPace * workers;
  const free = isLong(system, job) ? longSeconds(system, job, isWarm) : shortSeconds(system, job, isWarm);
  const excess = offeredRequests(system, rate) - system.requestsPerSecond;
  if (excess <= 0) return free;
  // What API Gateway grants at once carries the beginning.
  const slowed = Math.max(0, job.posts - (system.requestBurst / excess) * rate) / rate;
  return free + slowed * (1 / servedShare(system, rate, slowed) - 1);
}

/** Of each task, if nothing is refused. */
const roundsOf = ({ workerPace }: System, { posts, tasks }: Job) =>
  Math.ceil(posts / tasks / workerPace / fanOut.roundSeconds);
const isLong = (system: System, job: Job) => roundsOf(system, job) > 1;

/** Long tasks are handed on and take turns, so that all workers have something until the end. */
function longSeconds(system: System, { posts, tasks }: Job, isWarm: boolean): number {
  const workers = Math.min(system.workers, tasks);
  const perSecond = aws.mappingBatchesPerMinute / 60;
  const ramp = isWarm ? 0 : mappingSeconds(workers);
  // While the mapping grows, half of the workers that come are missing on average; with a task for each of them the last
  // task waits for the last one.
  const missing = tasks <= system.workers ? ramp : (perSecond * ramp ** 2) / 2 / workers;
  const posting = posts / (workers * system.workerPace) + missing;
  const { push, task } = assumedSeconds;
  return push + begun(isWarm) + posting + Math.floor(posting / fanOut.roundSeconds) * task;
}

/** Short tasks go to whoever is free, one after the other. */
function shortSeconds(system: System, { posts, tasks }: Job, isWarm: boolean): number {
  const seconds = posts / tasks / system.workerPace;
  const workers = Array.from({ length: Math.min(system.workers, tasks) }, (_, i) => {
    const freeAt = isWarm ? 0 : mappingSeconds(i + 1);
    return { freeAt, credit: paceBurstSeconds, isWarm };
  });
  for (let given = 0; given < tasks; given += 1) {
    const worker = workers.reduce((first, other) => (other.freeAt < first.freeAt ? other : first));
    const beginning = begun(worker.isWarm);
    const credit = Math.min(paceBurstSeconds, worker.credit + beginning);
    worker.freeAt += beginning + Math.max(0, seconds - credit);
    worker.credit = Math.max(0, credit - seconds);
    worker.isWarm = true;
  }
  const busy = workers.filter((worker) => worker.isWarm).map(({ freeAt }) => freeAt);
  return assumedSeconds.push + Math.max(...busy);
}

const begun = (isWarm: boolean) => assumedSeconds.task + (isWarm ? 0 : assumedSeconds.coldStart);

/**
 * @returns seconds from a push to its last post, on average, while pushes of that kind come at random; Infinity if they
 * come faster than they can be posted
 */
export function queuedSeconds(system: System, job: Job, pushesPerSecond: number): number {
  const rate = system.workerPace * Math.min(system.workers, job.tasks);
  const all = system.workerPace * system.workers;
  const work = job.posts / (all * servedShare(system, rate));
  const busy = pushesPerSecond * work;
  if (busy >= 1) return Infinity;
  // Whose tasks are done in one round waits for those before it; the more rounds, the more it takes turns with all.
  const takesTurns = 1 - 1 / roundsOf(system, job);
  const waiting = ((1 + takesTurns) * work * busy) / (2 * (1 - busy));
  return fanOutSeconds(system, job, true) + waiting;
}
