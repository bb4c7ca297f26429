import { connectionMaxSeconds } from "../../protocol/limits.ts";

/** How one push becomes posts: what the estimate has to know of the stack, whose tests hold the two equal. */
export const fanOut = {
  /** Up to so many members are posted to by the push Lambda itself. */
  inlineMembers: 250,
  /** Less is not worth a task of its own. */
  leastMembersPerPart: 250,
  /** Into so many parts everyone is divided at least, each a segment of a parallel scan. */
  leastPartsOfEveryone: 40,
  leastPartsPerWorker: 4,
  /** After so long a worker hands the rest of its task on. */
  roundSeconds: 22,
  /** Parts are as small as that they take no more rounds than this. */
  plannedRounds: 8,
  /** So often a task is handed on; what is left then is put aside. */
  mostRounds: 14,
  /** How often a worker notes how far it is, and once more at the end. */
  notesPerSecond: 1,
  /** It takes its task, and notes how far it came. */
  writesPerRun: 2,
  /** A task that was begun before is taken at the second try. */
  moreWritesHandedOn: 1,
  /** Received and deleted; sent together with others, or handed on alone. */
  queueRequestsPerRun: 2,
  tasksPerSend: 10,
  /** An order's own fields, around the frame that it carries. */
  orderBytes: 500,
} as const;

/** A client acks once in so long, whatever arrived. */
export const ackWindowSeconds = 0.25;
/** In rooms of more than 200 once in this, so that acks under their key come at no more than 800 a second. */
export const ackWithinSeconds = (members: number): number =>
  ackWindowSeconds * 2 ** Math.max(0, Math.ceil(Math.log2(members / 800 / ackWindowSeconds)));
/** How long a message waits for its ack. */
export const redeliverAfterSeconds = 5;
/** What is not acked is sent again so often, after pauses that double. */
export const mostTries = 3;
/** What a message's frame has around its `data`. */
export const frameBytes = 200;
/** In place of data that are kept apart: a signed address, with the session token of Lambda, and what they hash to. */
export const addressBytes = 2_000;
/** Of a connection. */
export const lifeSeconds = connectionMaxSeconds;

/** What API Gateway, Lambda, DynamoDB and SQS allow by default, and nobody asks about. */
export const aws = {
  requestBurst: 5_000,
  connectsPerSecond: 500,
  /** Nobody published how many handshakes may come at once: taken as a second's worth. */
  connectBurstSeconds: 1,
  /** Batches at once with which a queue's mapping begins. */
  mappingBatches: 5,
  mappingBatchesPerMinute: 300,
  /** The highest rate of requests that somebody reported to have got, after two weeks. */
  grantedRequests: 100_000,
  lambdaConcurrency: 1_000,
  newTableWrites: 4_000,
  tableWrites: 40_000,
  partitionWrites: 1_000,
  partitionReads: 3_000,
} as const;

/**
 * Taken with room for a slower CPU: `npm run bench -- fan-out/posts` measures 20 to 33 µs for a post, `fan-out/memory` 25 to
 * 65 for all that a worker does about a member.
 */
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

/** So many fan-out workers share the pace. */
export const workersFor = (postsPerSecond: number): number =>
  Math.min(1_000, Math.max(2, Math.ceil(postsPerSecond / 1_000)));

/** How long it takes until the queue's mapping lets so many work at once. */
export const mappingSeconds = (workers: number): number =>
  Math.max(0, workers - aws.mappingBatches) / (aws.mappingBatchesPerMinute / 60);

/** Of all fan-out workers: a tenth is for what is sent again. */
export const fanOutPace = (postsPerSecond: number): number => postsPerSecond - postsPerSecond / 10;

/** Of one worker: its part of that. */
export const workerPace = (postsPerSecond: number): number => fanOutPace(postsPerSecond) / workersFor(postsPerSecond);

/** Into how many tasks a push to a large room is divided. */
export function partsOfRoom(members: number, postsPerSecond: number): number {
  const mostPerPart = workerPace(postsPerSecond) * fanOut.roundSeconds * fanOut.plannedRounds;
  const wanted = Math.min(workersFor(postsPerSecond), Math.ceil(members / fanOut.leastMembersPerPart));
  return Math.max(1, wanted, Math.ceil(members / mostPerPart));
}

/** And one to everyone: as many for each worker. */
export function partsOfEveryone(postsPerSecond: number): number {
  const workers = workersFor(postsPerSecond);
  return Math.max(fanOut.leastPartsPerWorker, Math.ceil(fanOut.leastPartsOfEveryone / workers)) * workers;
}

/** So long a worker may have been idle and make up for it. */
export const paceBurstSeconds = 0.05;
