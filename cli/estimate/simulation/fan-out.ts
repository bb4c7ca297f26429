import { maxRedeliveries } from "../../../lambdas/domain/schedule/ack-wait.ts";
import {
  ackWindowSeconds,
  assumedSeconds,
  aws,
  rateBurstSeconds,
  redeliverAfterSeconds,
  taskBudgetSeconds,
} from "../architecture.ts";
import type { Job, System } from "../system.ts";
import { DelayLine } from "./delay-line.ts";
import { arrivals, bell, type Random, seeded } from "./random.ts";
import { TokenBucket } from "./token-bucket.ts";

export interface SimulatedPush extends Job {
  atSeconds: number;
}

interface Task {
  push: number;
  left: number;
}
interface Worker {
  task?: Task | undefined;
  isWarm: boolean;
  startsAt: number;
  deadline: number;
  rate: TokenBucket;
}

/**
 * Simulates pushes through queue, workers and quotas in ticks. All events of a tick are simultaneous. Posts and requests
 * are whole numbers. Refused ones are retried.
 *
 * @param tickSeconds short compared to the duration of a push
 * @returns seconds from each push to the post to its last member
 */
export function simulateFanOut(
  system: System,
  pushes: readonly SimulatedPush[],
  { seed, tickSeconds: tick }: { seed: number; tickSeconds: number },
): number[] {
  const random = seeded(seed);
  const shared = new TokenBucket(
    system.requestsPerSecond,
    Math.max(system.requestBurst, system.requestsPerSecond * tick),
  );
  const workers = Array.from({ length: system.workers }, () => idleWorker(system, tick));
  const queue: Task[] = [];
  const left = pushes.map(({ posts }) => posts);
  const seconds = pushes.map(() => 0);
  const ackTicks = (ackWindowSeconds + assumedSeconds.roundTrip) / tick;
  // By number of redeliveries.
  const acks = Array.from({ length: maxRedeliveries + 1 }, () => new DelayLine(Math.ceil(ackTicks) + 1));
  const pauseTicks = (redeliveries: number) => (redeliverAfterSeconds * 2 ** redeliveries) / tick;
  const again = Array.from({ length: maxRedeliveries }, (_, n) => new DelayLine(Math.ceil(pauseTicks(n)) + 1));
  let enqueued = 0;
  let open = pushes.length;
  for (let now = 0; open > 0; now += tick) {
    for (let push = pushes[enqueued]; push && push.atSeconds + assumedSeconds.push <= now; push = pushes[enqueued]) {
      queue.push(...tasksOf(push, enqueued, random));
      enqueued += 1;
    }
    shared.pass(tick);
    takeTasks(workers, queue, now, random);
    const posting = workers.map((worker) => wantedPosts(worker, now, tick));
    const ackWanted = acks.map((delayLine) => delayLine.next());
    const againWanted = again.map((delayLine) => delayLine.next());
    const wanted = [...posting, ...ackWanted, ...againWanted, arrivals(system.quietRequests * tick, random)];
    const granted = shared.share(wanted, random);
    let posted = 0;
    for (const [i, worker] of workers.entries()) {
      const count = granted[i] ?? 0;
      posted += count;
      if (!worker.task) continue;
      const { push } = worker.task;
      worker.task.left -= count;
      left[push] = (left[push] ?? 0) - count;
      if (count > 0 && left[push] === 0) {
        seconds[push] = now + tick - (pushes[push]?.atSeconds ?? 0);
        open -= 1;
      }
      finishOrHandOn(worker, queue, now);
    }
    if (!system.isAcked) continue;
    // An ack check finds messages that were refused or not acked, and redelivers them.
    const ackGranted = granted.slice(workers.length);
    const againGranted = ackGranted.slice(maxRedeliveries + 1);
    for (let n = 0; n <= maxRedeliveries; n += 1) {
      const sent = n === 0 ? posted : (againGranted[n - 1] ?? 0);
      acks[n]?.add(ackTicks, sent);
      const lost = (ackWanted[n] ?? 0) - (ackGranted[n] ?? 0);
      const refused = n === 0 ? 0 : (againWanted[n - 1] ?? 0) - sent;
      again[n]?.add(pauseTicks(n), lost + refused);
    }
  }
  return seconds;
}

function idleWorker({ workerRate }: System, tick: number): Worker {
  const rate = new TokenBucket(workerRate, workerRate * Math.max(rateBurstSeconds, 2 * tick));
  return { isWarm: false, startsAt: 0, deadline: 0, rate };
}

/** The segments of a scan have about the same size. */
function tasksOf({ posts, tasks }: Job, push: number, random: Random): Task[] {
  let rest = posts;
  return Array.from({ length: tasks }, (_, i) => {
    const mean = rest / (tasks - i);
    const size = i === tasks - 1 ? rest : Math.round(mean + Math.sqrt(posts / tasks) * bell(random));
    const left = Math.max(0, Math.min(rest, size));
    rest -= left;
    return { push, left };
  });
}

/** Gives tasks to idle workers, up to the concurrency that the queue's mapping has reached. */
function takeTasks(workers: readonly Worker[], queue: Task[], now: number, random: Random): void {
  const maxWorkers = aws.mappingBatches + (aws.mappingBatchesPerMinute / 60) * now;
  for (const [i, worker] of workers.entries()) {
    if (worker.task || i >= maxWorkers) continue;
    worker.task = queue.shift();
    if (!worker.task) return;
    const { task, coldStart } = assumedSeconds;
    const seconds = (worker.isWarm ? task : task + coldStart) * (0.9 + random() / 5);
    worker.isWarm = true;
    worker.startsAt = now + seconds;
    worker.deadline = worker.startsAt + taskBudgetSeconds;
  }
}

function wantedPosts({ task, startsAt, rate }: Worker, now: number, tick: number): number {
  rate.pass(tick);
  if (!task || now < startsAt) return 0;
  return rate.take(Math.min(task.left, rate.tokens));
}

/** Ends a task that is done, or returns it to the queue when the worker's time is over. */
function finishOrHandOn(worker: Worker, queue: Task[], now: number): void {
  if (!worker.task || now < worker.startsAt) return;
  if (worker.task.left > 0 && now < worker.deadline) return;
  if (worker.task.left > 0) queue.push(worker.task);
  worker.task = undefined;
}
