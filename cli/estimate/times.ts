import { amount, percent } from "./amounts.ts";
import { fanOut, partsOfEveryone, partsOfRoom } from "./architecture.ts";
import { type Load, loadOf } from "./load.ts";
import { usageOf } from "./operations.ts";
import { billedMs } from "./prices.ts";
import { membersOf, type Question } from "./scenario.ts";
import { mostConnections, reconnectSeconds } from "./reconnect-model.ts";
import { simulateFanOut } from "./simulation/fan-out.ts";
import { seeded } from "./simulation/random.ts";
import { secondsUntil, simulateReconnect } from "./simulation/reconnect.ts";
import { isInline, type Job, type System, systemOf } from "./system.ts";
import { fanOutSeconds, offeredRequests, queuedSeconds, servedShare } from "./time-model.ts";

export interface Time {
  name: string;
  /** Infinity: never. */
  seconds: number;
  /** What decides it. */
  why: string;
  /** As the simulation has it; absent if it was not asked, or has nothing to say. */
  simulatedSeconds?: number;
}

/** @param seed of the simulation; without one there is none */
export function timesOf(question: Question, seed?: number, load: Load = loadOf(question)): Time[] {
  const system = systemOf(question, load);
  return [
    roomTime(question, load, system, seed),
    everyoneTime(question, seed, load, system),
    ...waveTimes(question, seed, system),
  ];
}

function roomTime(question: Question, load: Load, system: System, seed?: number): Time {
  const members = membersOf(question);
  const name = `a push to a room of ${amount(members)}`;
  if (isOverloaded(system)) return { name, seconds: Infinity, why: overload(system) };
  if (isInline(question)) {
    return { name, ...inlineTime(question, members) };
  }
  const job = { posts: Math.round(members), tasks: partsOfRoom(members, question.postsPerSecond) };
  const seconds = queuedSeconds(system, job, load.pushes);
  if (seconds === Infinity) {
    return { name, seconds, why: `more is pushed (${amount(load.posts)}/s) than is let out: the queue grows` };
  }
  const why = `through the queue, ${job.tasks} task${job.tasks > 1 ? "s" : ""}, at random among ${amount(load.pushes * 60)} pushes a minute`;
  if (seed === undefined) return { name, seconds, why };
  return { name, seconds, why, simulatedSeconds: simulatedQueue(system, job, load.pushes, seed) };
}

function inlineTime({ qos }: Question, members: number): Omit<Time, "name"> {
  const [run] = usageOf(qos === 0 ? "push at qos 0 to 1 member" : "push to 1 member").invocations;
  const seconds = run ? billedMs({ ...run, posts: Math.ceil(members) }) / 1000 : 0;
  return { seconds, why: `up to ${fanOut.inlineMembers} members are posted to at once by the push Lambda` };
}

function simulatedQueue(system: System, job: Job, perSecond: number, seed: number): number {
  const random = seeded(seed);
  let at = 0;
  const pushes = Array.from({ length: 300 }, () => {
    at -= Math.log(1 - random()) / perSecond;
    return { ...job, atSeconds: at };
  });
  const tickSeconds = tickOf(fanOutSeconds(system, job, true), 200);
  const { seconds } = simulateFanOut(system, pushes, { seed, tickSeconds });
  return seconds.reduce((sum, one) => sum + one, 0) / seconds.length;
}

/** A push to everyone. */
export function everyoneTime(
  question: Question,
  seed?: number,
  load: Load = loadOf(question),
  system: System = systemOf(question, load),
): Time {
  const { connections, postsPerSecond } = question;
  const name = `a push to everyone, ${amount(connections)}`;
  const job = { posts: connections, tasks: partsOfEveryone(postsPerSecond) };
  // Workers share their time with the pushes to rooms that go through the queue.
  const busy = isInline(question) ? 0 : (load.pushes * membersOf(question)) / (system.workerPace * system.workers);
  if (isOverloaded(system)) return { name, seconds: Infinity, why: overload(system) };
  if (busy >= 1) return { name, seconds: Infinity, why: "the queue grows: more is pushed than is let out" };
  if (connections <= fanOut.inlineMembers) return { name, ...inlineTime(question, connections) };
  const left = { ...system, workerPace: system.workerPace * (1 - busy) };
  const seconds = fanOutSeconds(left, job);
  if (roundsOf(seconds, left, job) > fanOut.mostRounds + 1) {
    return {
      name,
      seconds: Infinity,
      why: `each of its ${job.tasks} tasks has ${fanOut.mostRounds + 1} rounds of ${fanOut.roundSeconds} s, then the rest is put aside: more posts a second are needed`,
    };
  }
  const why = everyoneReason(left, job, seconds);
  if (seed === undefined) return { name, seconds, why };
  const [simulatedSeconds = 0] = simulateFanOut(left, [{ ...job, atSeconds: 0 }], {
    seed,
    tickSeconds: tickOf(seconds, 1_000),
  }).seconds;
  return { name, seconds, why, simulatedSeconds };
}

/** Of each of its tasks: a worker has so much time for it as its tasks are fewer than all. */
const roundsOf = (seconds: number, { workers }: System, { tasks }: Job) =>
  (seconds * workers) / tasks / fanOut.roundSeconds;

function everyoneReason(system: System, { posts }: Job, seconds: number): string {
  const { workers } = system;
  const rate = system.workerPace * workers;
  const excess = offeredRequests(system, rate) - system.requestsPerSecond;
  const pace = `${amount(rate)} posts a second, ${workers} workers`;
  const burstSeconds = excess > 0 ? system.requestBurst / excess : Infinity;
  // What API Gateway grants at once carries a push that is over by then.
  if (burstSeconds >= posts / rate) return pace;
  const refused = 1 - servedShare(system, rate, seconds - burstSeconds);
  return `${pace}; over the quota with acks and heartbeats: from ${amount(burstSeconds)} s on ${percent(refused)} of all requests are refused`;
}

/** All connections end at once: until half, 99 % and all pages are back. */
export function waveTimes(question: Question, seed?: number, system: System = systemOf(question)): Time[] {
  const { connections } = question;
  const shares = [0.5, 0.99, 1];
  const names = ["half of all pages back after an outage", "99 % of them", "all of them"];
  const times = reconnectSeconds(system, connections, shares);
  const tickSeconds = connections < 1e5 ? 0.01 : 0.05;
  const run =
    seed !== undefined && times.every(Number.isFinite)
      ? simulateReconnect(system, connections, { seed, tickSeconds, mostSeconds: 14_400 })
      : undefined;
  const most = mostConnections(system);
  const why = isOverloaded(system)
    ? overload(system)
    : connections > most
      ? `at most ${amount(Math.floor(most))} connections can be: ${amount(system.connectsPerSecond)} new ones a second, and each ends after 2 h`
      : `${amount(system.connectsPerSecond)} new connections a second; the others try again after up to 30 s`;
  return shares.map((share, i) => ({
    name: names[i] ?? "",
    seconds: times[i] ?? Infinity,
    why: i === 0 ? why : "",
    ...(run && { simulatedSeconds: secondsUntil(run, connections, share, tickSeconds) }),
  }));
}

const tickOf = (seconds: number, ticks: number) => Math.min(2, Math.max(0.005, seconds / ticks));

/** Whatever goes on all the time is too much already. */
const isOverloaded = ({ quietRequests, requestsPerSecond }: System) => quietRequests >= requestsPerSecond;
const overload = ({ quietRequests, requestsPerSecond }: System) =>
  `heartbeats, reconnects and small pushes alone make ${amount(quietRequests)} requests a second of ${amount(requestsPerSecond)}`;
