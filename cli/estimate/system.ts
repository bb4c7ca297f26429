import { aws, fanOut, workerPace, workersFor } from "./architecture.ts";
import { type Load, loadOf } from "./load.ts";
import { membersOf, type Question } from "./scenario.ts";

/** What the time of a fan-out and of a reconnect hangs on. */
export interface System {
  /** Posts a second of one worker. */
  workerPace: number;
  workers: number;
  requestsPerSecond: number;
  requestBurst: number;
  connectsPerSecond: number;
  connectBurst: number;
  /** What draws on the requests beside fanned out posts and their acks, a second. */
  quietRequests: number;
  /** Whether each post is answered by an ack, which draws on the requests too. */
  isAcked: boolean;
}

/** One push that goes through the queue. */
export interface Job {
  posts: number;
  tasks: number;
}

/** Whether rooms are so small that the push Lambda posts to them itself. */
export const isInline = (question: Question): boolean => membersOf(question) <= fanOut.inlineMembers;

/** @param load what goes on besides */
export const systemOf = (question: Question, load: Load = loadOf(question)): System => ({
  workerPace: workerPace(question.postsPerSecond),
  workers: workersFor(question.postsPerSecond),
  requestsPerSecond: question.requestsPerSecond,
  // AWS grants half of the rate at once.
  requestBurst: (question.requestsPerSecond / 10_000) * aws.requestBurst,
  connectsPerSecond: question.connectsPerSecond,
  connectBurst: question.connectsPerSecond * aws.connectBurstSeconds,
  quietRequests: isInline(question) ? load.requests : load.quietRequests + load.pushes,
  isAcked: question.qos === 1,
});
