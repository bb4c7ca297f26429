import { partsFor, taskBudgetMs } from "../../lambdas/domain/fan-out/plan.ts";
import { recordEveryMs } from "../../lambdas/domain/fan-out/run-task.ts";
import type { FanOutLimits } from "../../lambdas/domain/model/fan-out-task.ts";
import { ackWithinMs, inlineMembers } from "../../lambdas/domain/model/room-size.ts";
import { burstMs } from "../../lambdas/domain/send/rate-limiter.ts";

/** The domain's own figures in the estimate's unit, seconds. */
export const taskBudgetSeconds = taskBudgetMs / 1000;
export const rateBurstSeconds = burstMs / 1000;
export const progressWritesPerSecond = 1000 / recordEveryMs;

/** One run of a fan-out task, as `test/budgets` counts it. */
export const taskRun = {
  /** It acquires its lease and records its progress. */
  writes: 2,
  /** A task that continues takes two attempts to acquire the lease. */
  continuationWrites: 1,
  /** One to receive the task and one to delete it. */
  queueRequests: 2,
  tasksPerSend: 10,
  /** Fields of a task beside the frame it carries. */
  bytes: 500,
} as const;

/** Of a client. Large rooms ack less often. */
export const ackWindowSeconds = 0.25;
/** Each member of a room acks at most once in this time. */
export const ackWithinSeconds = (members: number): number => {
  const ms = ackWithinMs("room", { seen: members, share: 1 });
  return ms === undefined ? ackWindowSeconds : ms / 1000;
};
/** The default of the stack's `redeliverAfter`. */
export const redeliverAfterSeconds = 5;
/** Fields of a message's frame beside its `data`. */
export const frameBytes = 200;
/** What a frame carries in place of a large payload: a signed URL, with a session token of Lambda, and a hash. */
export const payloadReferenceBytes = 2_000;

/** Quotas and rates of API Gateway, Lambda, DynamoDB and SQS that the command line does not ask for. */
export const aws = {
  requestBurst: 5_000,
  connectsPerSecond: 500,
  /** AWS does not publish the burst of handshakes. One second of the rate is assumed. */
  connectBurstSeconds: 1,
  /** Concurrent batches with which an event source mapping starts. */
  mappingBatches: 5,
  mappingBatchesPerMinute: 300,
  /** The highest rate of requests that a customer reported to have been granted. */
  grantedRequests: 100_000,
  lambdaConcurrency: 1_000,
  newTableWrites: 4_000,
  tableWrites: 40_000,
  partitionWrites: 1_000,
  partitionReads: 3_000,
} as const;

/**
 * Assumed with a margin for a slower CPU: `npm run bench -- posts` measures 20 to 33 µs for a post, and `memory` 25 to
 * 65 µs for everything that a worker does per member.
 */
export const cpuSecondsPerPost = 80e-6;

/** Assumed durations of warm functions. They matter for deliveries that take one or two seconds. */
export const assumedSeconds = {
  /** From the push to its first task in the queue. */
  push: 0.04,
  /** From the queue to a worker. */
  task: 0.03,
  /** In addition for the first task of a worker. */
  coldStart: 0.3,
  /** From a post to the client's ack, beside the ack window. */
  roundTrip: 0.1,
} as const;

/** Number of fan-out workers, as `lib/` deploys them. */
export const workersFor = (postsPerSecond: number): number =>
  Math.min(1_000, Math.max(2, Math.ceil(postsPerSecond / 1_000)));

/** Seconds until the queue's mapping runs so many workers at once. */
export const mappingSeconds = (workers: number): number =>
  Math.max(0, workers - aws.mappingBatches) / (aws.mappingBatchesPerMinute / 60);

/** Posts a second of all fan-out workers. A tenth of the rate is reserved for redelivery. */
export const fanOutRate = (postsPerSecond: number): number => postsPerSecond - postsPerSecond / 10;

/** Posts a second of one worker. */
export const workerRate = (postsPerSecond: number): number => fanOutRate(postsPerSecond) / workersFor(postsPerSecond);

const limitsFor = (postsPerSecond: number): FanOutLimits => ({
  postsPerSecond: fanOutRate(postsPerSecond),
  workers: workersFor(postsPerSecond),
});

/** Number of tasks of a push to a large room. */
export const partsOfRoom = (members: number, postsPerSecond: number): number =>
  partsFor({ seen: members, share: 1 }, limitsFor(postsPerSecond));

/** Number of tasks of a push to everyone, whose number of members is not known in advance. */
export const partsOfEveryone = (postsPerSecond: number): number =>
  partsFor({ seen: inlineMembers + 1 }, limitsFor(postsPerSecond));
