import {
  ackWindowSeconds,
  assumedSeconds,
  aws,
  fanOut,
  mostTries,
  paceBurstSeconds,
  redeliverAfterSeconds,
} from "../architecture.ts";
import type { Job, System } from "../system.ts";
import { Bucket } from "./token-bucket.ts";
import { Later } from "./delay-line.ts";
import { arrivals, bell, type Random, seeded } from "./random.ts";

export interface SimulatedPush extends Job {
  atSeconds: number;
}
export interface FanOutRun {
  /** When each push had posted to its last member, from its own beginning on. */
  seconds: number[];
  /** Requests that API Gateway refused. */
  refused: number;
  requests: number;
}

interface Task {
  push: number;
  left: number;
}
interface Worker {
  task?: Task | undefined;
  isWarm: boolean;
  beginsAt: number;
  handsOnAt: number;
  pace: Bucket;
}

/**
 * Pushes through queue, workers and quotas, tick by tick: what falls into one tick happens at once, in whole posts and
 * requests, and what is refused tries again.
 *
 * @param tickSeconds short beside the time of a push
 */
export function simulateFanOut(
  system: System,
  pushes: readonly SimulatedPush[],
  { seed, tickSeconds: tick }: { seed: number; tickSeconds: number },
): FanOutRun {
  const random = seeded(seed);
  const shared = new Bucket(system.requestsPerSecond, Math.max(system.requestBurst, system.requestsPerSecond * tick));
  const workers = Array.from({ length: system.workers }, () => idleWorker(system, tick));
  const queue: Task[] = [];
  const left = pushes.map(({ posts }) => posts);
  const run: FanOutRun = { seconds: pushes.map(() => 0), refused: 0, requests: 0 };
  const ackTicks = (ackWindowSeconds + assumedSeconds.roundTrip) / tick;
  // By how often a message was sent again.
  const acks = Array.from({ length: mostTries + 1 }, () => new Later(Math.ceil(ackTicks) + 1));
  const pauseTicks = (tries: number) => (redeliverAfterSeconds * 2 ** tries) / tick;
  const again = Array.from({ length: mostTries }, (_, tries) => new Later(Math.ceil(pauseTicks(tries)) + 1));
  let ordered = 0;
  let open = pushes.length;
  for (let now = 0; open > 0; now += tick) {
    for (let push = pushes[ordered]; push && push.atSeconds + assumedSeconds.push <= now; push = pushes[ordered]) {
      queue.push(...tasksOf(push, ordered, random));
      ordered += 1;
    }
    shared.pass(tick);
    takeTasks(workers, queue, now, random);
    const posting = workers.map((worker) => wantedPosts(worker, now, tick));
    const ackWanted = acks.map((later) => later.next());
    const againWanted = again.map((later) => later.next());
    const wanted = [...posting, ...ackWanted, ...againWanted, arrivals(system.quietRequests * tick, random)];
    const granted = shared.share(wanted, random);
    count(run, wanted, granted);
    let posted = 0;
    for (const [i, worker] of workers.entries()) {
      const count = granted[i] ?? 0;
      posted += count;
      if (!worker.task) continue;
      const { push } = worker.task;
      worker.task.left -= count;
      left[push] = (left[push] ?? 0) - count;
      if (count > 0 && left[push] === 0) {
        run.seconds[push] = now + tick - (pushes[push]?.atSeconds ?? 0);
        open -= 1;
      }
      layDown(worker, queue, now);
    }
    if (!system.isAcked) continue;
    // A look finds what was not acked, or could not be posted, and posts it again.
    const ackGranted = granted.slice(workers.length);
    const againGranted = ackGranted.slice(mostTries + 1);
    for (let tries = 0; tries <= mostTries; tries += 1) {
      const sent = tries === 0 ? posted : (againGranted[tries - 1] ?? 0);
      acks[tries]?.add(ackTicks, sent);
      const lost = (ackWanted[tries] ?? 0) - (ackGranted[tries] ?? 0);
      const refused = tries === 0 ? 0 : (againWanted[tries - 1] ?? 0) - sent;
      again[tries]?.add(pauseTicks(tries), lost + refused);
    }
  }
  return run;
}

function idleWorker({ workerPace }: System, tick: number): Worker {
  const pace = new Bucket(workerPace, workerPace * Math.max(paceBurstSeconds, 2 * tick));
  return { isWarm: false, beginsAt: 0, handsOnAt: 0, pace };
}

/** Segments of a scan are about as large as one another. */
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

/** As many workers have a task as the queue's mapping invokes by now. */
function takeTasks(workers: readonly Worker[], queue: Task[], now: number, random: Random): void {
  const most = aws.mappingBatches + (aws.mappingBatchesPerMinute / 60) * now;
  for (const [i, worker] of workers.entries()) {
    if (worker.task || i >= most) continue;
    worker.task = queue.shift();
    if (!worker.task) return;
    const { task, coldStart } = assumedSeconds;
    const seconds = (worker.isWarm ? task : task + coldStart) * (0.9 + random() / 5);
    worker.isWarm = true;
    worker.beginsAt = now + seconds;
    worker.handsOnAt = worker.beginsAt + fanOut.roundSeconds;
  }
}

function wantedPosts({ task, beginsAt, pace }: Worker, now: number, tick: number): number {
  pace.pass(tick);
  if (!task || now < beginsAt) return 0;
  return pace.take(Math.min(task.left, pace.tokens));
}

/** The task is done, or the worker's time is over. */
function layDown(worker: Worker, queue: Task[], now: number): void {
  if (!worker.task || now < worker.beginsAt) return;
  if (worker.task.left > 0 && now < worker.handsOnAt) return;
  if (worker.task.left > 0) queue.push(worker.task);
  worker.task = undefined;
}

function count(run: FanOutRun, wanted: readonly number[], granted: readonly number[]): void {
  const sum = (counts: readonly number[]) => counts.reduce((all, one) => all + one, 0);
  run.requests += sum(granted);
  run.refused += sum(wanted) - sum(granted);
}
