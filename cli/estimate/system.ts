import { inlineMembers } from "../../lambdas/domain/model/room-size.ts";
import { aws, workerRate, workersFor } from "./architecture.ts";
import { type Load, loadOf } from "./load.ts";
import { membersOf, type Scenario } from "./scenario.ts";

/** Everything that the duration of fan-outs and reconnects depends on. */
export interface System {
  /** Posts a second of one worker. */
  workerRate: number;
  workers: number;
  requestsPerSecond: number;
  requestBurst: number;
  connectsPerSecond: number;
  connectBurst: number;
  /** Requests a second beside the posts of fan-outs and their acks. */
  quietRequests: number;
  /** Whether each post causes an ack, which is a request too. */
  isAcked: boolean;
}

/** One push that goes through the queue. */
export interface Job {
  posts: number;
  tasks: number;
}

/** Whether the push function posts to the rooms directly, because they are small. */
export const isInline = (scenario: Scenario): boolean => membersOf(scenario) <= inlineMembers;

/** @param load everything else that happens at the same time */
export const systemOf = (scenario: Scenario, load: Load = loadOf(scenario)): System => ({
  workerRate: workerRate(scenario.postsPerSecond),
  workers: workersFor(scenario.postsPerSecond),
  requestsPerSecond: scenario.requestsPerSecond,
  // The burst is half of the rate.
  requestBurst: (scenario.requestsPerSecond / 10_000) * aws.requestBurst,
  connectsPerSecond: scenario.connectsPerSecond,
  connectBurst: scenario.connectsPerSecond * aws.connectBurstSeconds,
  quietRequests: isInline(scenario) ? load.requests : load.quietRequests + load.pushes,
  isAcked: scenario.qos === 1,
});
