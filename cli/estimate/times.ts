import { inlineMembers } from "../../lambdas/domain/model/room-size.ts";
import { maxHops } from "../../lambdas/domain/schedule/max-hops.ts";
import { amount, percent } from "./amounts.ts";
import { partsOfEveryone, partsOfRoom, taskBudgetSeconds } from "./architecture.ts";
import { type Load, loadOf } from "./load.ts";
import { usageOf } from "./operations.ts";
import { billedMs } from "./prices.ts";
import { maxConnections, reconnectSeconds } from "./reconnect-model.ts";
import { membersOf, type Scenario } from "./scenario.ts";
import { simulateFanOut } from "./simulation/fan-out.ts";
import { seeded } from "./simulation/random.ts";
import { secondsUntil, simulateReconnect } from "./simulation/reconnect.ts";
import { isInline, type Job, type System, systemOf } from "./system.ts";
import { fanOutSeconds, offeredRequests, queuedSeconds, servedShare } from "./time-model.ts";

export interface Time {
  name: string;
  /** Infinity means never. */
  seconds: number;
  /** The reason for the duration. */
  why: string;
  /** Result of the simulation; absent without a seed, and where no simulation applies. */
  simulatedSeconds?: number;
}

/** @param seed of the simulation; no simulation without one */
export function timesOf(scenario: Scenario, seed?: number, load: Load = loadOf(scenario)): Time[] {
  const system = systemOf(scenario, load);
  return [
    roomTime(scenario, load, system, seed),
    everyoneTime(scenario, seed, load, system),
    ...reconnectTimes(scenario, seed, system),
  ];
}

function roomTime(scenario: Scenario, load: Load, system: System, seed?: number): Time {
  const members = membersOf(scenario);
  const name = `a push to a room of ${amount(members)}`;
  if (isOverloaded(system)) return { name, seconds: Infinity, why: overload(system) };
  if (isInline(scenario)) {
    return { name, ...inlineTime(scenario, members) };
  }
  const job = { posts: Math.round(members), tasks: partsOfRoom(members, scenario.postsPerSecond) };
  const seconds = queuedSeconds(system, job, load.pushes);
  if (seconds === Infinity) {
    return {
      name,
      seconds,
      why: `the queue grows: ${amount(load.posts)} posts a second are more than the workers make`,
    };
  }
  const why = `through the queue, ${job.tasks} task${job.tasks > 1 ? "s" : ""}, with ${amount(load.pushes * 60)} pushes a minute at random`;
  if (seed === undefined) return { name, seconds, why };
  return { name, seconds, why, simulatedSeconds: simulatedQueue(system, job, load.pushes, seed) };
}

function inlineTime({ qos }: Scenario, members: number): Omit<Time, "name"> {
  const [run] = usageOf(qos === 0 ? "push at qos 0 to 1 member" : "push to 1 member").invocations;
  const seconds = run ? billedMs({ ...run, posts: Math.ceil(members) }) / 1000 : 0;
  return { seconds, why: `the push function posts to up to ${inlineMembers} members directly` };
}

function simulatedQueue(system: System, job: Job, perSecond: number, seed: number): number {
  const random = seeded(seed);
  let at = 0;
  const pushes = Array.from({ length: 300 }, () => {
    at -= Math.log(1 - random()) / perSecond;
    return { ...job, atSeconds: at };
  });
  const tickSeconds = tickOf(fanOutSeconds(system, job, true), 200);
  const seconds = simulateFanOut(system, pushes, { seed, tickSeconds });
  return seconds.reduce((sum, one) => sum + one, 0) / seconds.length;
}

/** A push to everyone. */
export function everyoneTime(
  scenario: Scenario,
  seed?: number,
  load: Load = loadOf(scenario),
  system: System = systemOf(scenario, load),
): Time {
  const { connections, postsPerSecond } = scenario;
  const name = `a push to everyone, ${amount(connections)}`;
  const job = { posts: connections, tasks: partsOfEveryone(postsPerSecond) };
  // Pushes to large rooms use part of the workers' rate.
  const busy = isInline(scenario) ? 0 : (load.pushes * membersOf(scenario)) / (system.workerRate * system.workers);
  if (isOverloaded(system)) return { name, seconds: Infinity, why: overload(system) };
  if (busy >= 1)
    return { name, seconds: Infinity, why: "the queue grows: pushes to rooms need more posts than the workers make" };
  if (connections <= inlineMembers) return { name, ...inlineTime(scenario, connections) };
  const left = { ...system, workerRate: system.workerRate * (1 - busy) };
  const seconds = fanOutSeconds(left, job);
  if (runsOf(seconds, left, job) > maxHops + 1) {
    return {
      name,
      seconds: Infinity,
      why: `each of the ${job.tasks} tasks has ${maxHops + 1} runs of ${taskBudgetSeconds} s, then its rest is dead-lettered: raise postsPerSecond`,
    };
  }
  const why = everyoneReason(left, job, seconds);
  if (seed === undefined) return { name, seconds, why };
  const [simulatedSeconds = 0] = simulateFanOut(left, [{ ...job, atSeconds: 0 }], {
    seed,
    tickSeconds: tickOf(seconds, 1_000),
  });
  return { name, seconds, why, simulatedSeconds };
}

/** Runs of each task: the workers divide their time among all tasks. */
const runsOf = (seconds: number, { workers }: System, { tasks }: Job) =>
  (seconds * workers) / tasks / taskBudgetSeconds;

function everyoneReason(system: System, { posts }: Job, seconds: number): string {
  const { workers } = system;
  const rate = system.workerRate * workers;
  const excess = offeredRequests(system, rate) - system.requestsPerSecond;
  const summary = `${amount(rate)} posts a second, ${workers} workers`;
  const burstSeconds = excess > 0 ? system.requestBurst / excess : Infinity;
  // The burst of the quota carries a short push.
  if (burstSeconds >= posts / rate) return summary;
  const refused = 1 - servedShare(system, rate, seconds - burstSeconds);
  return `${summary}; with acks and heartbeats over the quota: after ${amount(burstSeconds)} s ${percent(refused)} of all requests are refused`;
}

/** Times until half, 99 % and all pages have reconnected after all connections ended at once. */
export function reconnectTimes(scenario: Scenario, seed?: number, system: System = systemOf(scenario)): Time[] {
  const { connections } = scenario;
  const shares = [0.5, 0.99, 1];
  const names = ["half of all pages reconnect after an outage", "99 % of all pages", "all pages"];
  const times = reconnectSeconds(system, connections, shares);
  const tickSeconds = connections < 1e5 ? 0.01 : 0.05;
  const run =
    seed !== undefined && times.every(Number.isFinite)
      ? simulateReconnect(system, connections, { seed, tickSeconds, maxSeconds: 14_400 })
      : undefined;
  const max = maxConnections(system);
  const why = isOverloaded(system)
    ? overload(system)
    : connections > max
      ? `at most ${amount(Math.floor(max))} connections are possible: ${amount(system.connectsPerSecond)} new ones a second, and each ends after 2 h`
      : `${amount(system.connectsPerSecond)} new connections a second; refused clients retry after up to 30 s`;
  return shares.map((share, i) => ({
    name: names[i] ?? "",
    seconds: times[i] ?? Infinity,
    why: i === 0 ? why : "",
    ...(run && { simulatedSeconds: secondsUntil(run, connections, share, tickSeconds) }),
  }));
}

const tickOf = (seconds: number, ticks: number) => Math.min(2, Math.max(0.005, seconds / ticks));

/** Whether the constant load alone exceeds the quota. */
const isOverloaded = ({ quietRequests, requestsPerSecond }: System) => quietRequests >= requestsPerSecond;
const overload = ({ quietRequests, requestsPerSecond }: System) =>
  `heartbeats, reconnects and small pushes alone make ${amount(quietRequests)} requests a second of ${amount(requestsPerSecond)}`;
