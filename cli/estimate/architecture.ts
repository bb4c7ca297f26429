import { connectionMaxSeconds } from "../../protocol/limits.ts";
import type { Question } from "./question.ts";

/** How one push becomes posts: what the estimate has to know of the stack. */
export const fanOut = {
  /** Up to so many members are posted to by the push Lambda itself. */
  inlineMembers: 250,
  /** A push to everyone is so many tasks, each a segment of a parallel scan. */
  segments: 20,
  memoryMb: 1769,
  /** After so long a worker hands the rest of its task on. */
  handOnSeconds: 45,
  /** How often a worker notes how far it is, and once more at the end. */
  notesPerSecond: 1,
  /** Sent, received, deleted: each for every started 64 KB. */
  queueRequests: 3,
  /** An order's own fields, around the frame that it carries. */
  orderBytes: 500,
} as const;

/** A client acks once in so long, whatever arrived. */
export const ackWindowSeconds = 0.25;
export const redeliverAfterSeconds = 5;
/** What is not acked is sent again so often, after pauses that double. */
export const mostTries = 3;
/** What a message's frame has around its `data`. */
export const frameBytes = 200;
export const lifeSeconds = connectionMaxSeconds;

/** What API Gateway, Lambda, DynamoDB and SQS allow by default, and nobody asks about. */
export const aws = {
  requestBurst: 5_000,
  /** Nobody published how many handshakes may come at once: taken as a second's worth. */
  connectBurstSeconds: 1,
  /** Batches at once with which a queue's mapping begins. */
  mappingBatches: 5,
  mappingBatchesPerMinute: 300,
  lambdaConcurrency: 1_000,
  newTableWrites: 4_000,
  tableWrites: 40_000,
  partitionWrites: 1_000,
} as const;

/** Measured by `npm run bench -- fan-out` on one core: 50 to 80 µs, and the worse is taken. */
export const cpuSecondsPerPost = 80e-6;

/** Taken to be so, of warm functions; seconds. They matter where a delivery takes a second or two. */
export const assumedSeconds = {
  /** From the push to the first task in the queue. */
  push: 0.04,
  /** From the queue into a worker. */
  task: 0.03,
  /** More for a worker's first task. */
  coldStart: 0.3,
  /** From a post to the client's ack, beside the window. */
  roundTrip: 0.1,
} as const;

/** Enough for all workers when the room is large. */
export const tasksOf = (members: number, workers: number): number =>
  Math.min(workers, Math.ceil(members / fanOut.inlineMembers));

/** What a worker's token bucket holds: so long it may have been idle and make up for it. */
export const paceBurstSeconds = 0.1;

/** Of one worker: its part of the pace, or what its core can do. */
export const workerPace = ({ postsPerSecond, workers }: Pick<Question, "postsPerSecond" | "workers">): number =>
  Math.min(postsPerSecond / workers, 1 / cpuSecondsPerPost);
