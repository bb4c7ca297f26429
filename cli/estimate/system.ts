import { aws, workerPace } from "./architecture.ts";
import { loadOf } from "./load.ts";
import type { Question } from "./question.ts";

/** What the time of a fan-out and of a reconnect hangs on. */
export interface System {
  /** Posts a second of one worker. */
  workerPace: number;
  workers: number;
  requestsPerSecond: number;
  requestBurst: number;
  connectsPerSecond: number;
  connectBurst: number;
  /** What draws on the requests beside posts and their acks, a second. */
  quietRequests: number;
  /** Whether each post is answered by an ack, which draws on the requests too. */
  isAcked: boolean;
}

export const systemOf = (question: Question): System => ({
  workerPace: workerPace(question),
  workers: question.workers,
  requestsPerSecond: question.requestsPerSecond,
  // AWS grants half of the rate at once.
  requestBurst: (question.requestsPerSecond / 10_000) * aws.requestBurst,
  connectsPerSecond: question.connectsPerSecond,
  connectBurst: question.connectsPerSecond * aws.connectBurstSeconds,
  quietRequests: loadOf(question).quietRequests,
  isAcked: question.qos === 1,
});

/** One push that goes through the queue. */
export interface Job {
  posts: number;
  tasks: number;
}
