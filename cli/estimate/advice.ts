import { amount } from "./amounts.ts";
import { assumedSeconds, aws, fanOutRate, mappingSeconds, workersFor } from "./architecture.ts";
import { type Load, loadOf } from "./load.ts";
import { type QuotaUse, quotasOf, steadyConnects } from "./quotas.ts";
import type { Scenario } from "./scenario.ts";
import { isInline, systemOf } from "./system.ts";
import { offeredRequests } from "./time-model.ts";
import { everyoneTime } from "./times.ts";

/** One change that the goals need. If the advice includes cells, all other advice applies to each cell. */
export interface Advice {
  /**
   * - `AWS`: a quota to raise
   * - `stack`: a setting to change
   * - `design`: a number of cells
   * - `goal`: a goal that no quota or setting reaches
   */
  target: "AWS" | "stack" | "design" | "goal";
  what: string;
  from: number;
  to: number;
  why: string;
}

/** The share of a limit that the average load may use, so that its peaks fit. */
const maxUtilization = 0.6;

/** @returns the changes that the goals need; empty if they are met */
export function adviceFor(total: Scenario): Advice[] {
  const cells = cellsFor(total);
  const scenario = cellOf(total, cells);
  const { requestsPerSecond, connectsPerSecond, connections } = scenario;
  const load = loadOf(scenario);
  const needs = needsOf(scenario, load);
  const { requests, connects } = needs;
  const granted = Math.max(requestsPerSecond, roundUp(requests.to, 1_000));
  const advice = [
    cells > 1 ? splitInto(cells, total) : undefined,
    raise("AWS", "API Gateway requests a second", requestsPerSecond, granted, requests.why),
    raise("AWS", "API Gateway new connections a second", connectsPerSecond, roundUp(connects.to, 100), connects.why),
    ...quotasOf(scenario, load).flatMap((use) => ofAnotherQuota(use, connections)),
    ...settings(scenario, load, needs, granted),
  ].filter((one) => one !== undefined);
  return [...advice, ...missedGoal(scenario, granted, advice)];
}

/** @returns the goal for a push to everyone, if it is missed even with all other advice applied */
function missedGoal(scenario: Scenario, requestsPerSecond: number, advice: readonly Advice[]): Advice[] {
  const { everyonePerDay, everyoneWithinSeconds: within } = scenario;
  const postsPerSecond = advice.find(({ what }) => what === "postsPerSecond")?.to ?? scenario.postsPerSecond;
  const { seconds } = everyoneTime({ ...scenario, requestsPerSecond, postsPerSecond });
  if (everyonePerDay === 0 || seconds <= within * 1.03) return [];
  const why = `Lambda starts with ${aws.mappingBatches} workers and adds ${aws.mappingBatchesPerMinute / 60} a second, and further workers start too late`;
  return [
    { target: "goal", what: "seconds for a push to everyone", from: within, to: Math.ceil(seconds * 10) / 10, why },
  ];
}

/** @returns the smallest number of cells such that each needs no more requests than AWS has granted before */
function cellsFor(scenario: Scenario): number {
  const isEnough = (cells: number) => {
    const cell = cellOf(scenario, cells);
    // One connection cannot be split.
    return cell.connections <= 1 || needsOf(cell, loadOf(cell)).requests.to <= aws.grantedRequests;
  };
  let [tooFew, enough] = [0, 1];
  while (!isEnough(enough)) [tooFew, enough] = [enough, 2 * enough];
  while (enough - tooFew > 1) {
    const middle = Math.floor((tooFew + enough) / 2);
    if (isEnough(middle)) enough = middle;
    else tooFew = middle;
  }
  return enough;
}

interface Needs {
  rate: Need;
  requests: Need;
  connects: Need;
  frames: Need;
}
function needsOf(scenario: Scenario, load: Load): Needs {
  const { connections, backWithinSeconds } = scenario;
  const rate = neededRate(scenario, load);
  const reconnects = connections / Math.max(1, backWithinSeconds - tailSeconds);
  const requests = largest([
    {
      to: load.requests / maxUtilization,
      why: `an average day needs ${amount(load.requests)}, and peaks need a margin`,
    },
    { to: load.requests + rate.to * (1 + scenario.qos), why: rate.why },
    {
      to: load.requests + 2 * reconnects,
      why: `all pages back within ${amount(backWithinSeconds)} s of an outage: a connect and a hello each`,
    },
  ]);
  const connects = largest([
    { to: reconnects, why: `all ${amount(connections)} pages back within ${amount(backWithinSeconds)} s of an outage` },
    { to: steadyConnects(connections) / maxUtilization, why: "each connection ends after 2 h and is opened again" },
  ]);
  // A large push uses the whole rate of the stack, whether or not the goals need it.
  const fastest = rate.to === 0 ? 0 : Math.max(rate.to, Math.min(scenario.postsPerSecond, connections));
  const frames = largest([
    {
      to: load.frames / maxUtilization,
      why: `an average day brings ${amount(load.frames)} frames, and peaks need a margin`,
    },
    { to: load.frames + scenario.qos * fastest, why: `acks of ${amount(fastest)} posts a second` },
    { to: load.frames + 2 * reconnects, why: `all pages back within ${amount(backWithinSeconds)} s of an outage` },
  ]);
  return { rate, requests, connects, frames };
}

/** The load of one cell: a stack in its own account and Region. Rooms and users are spread evenly over the cells. */
const cellOf = (scenario: Scenario, cells: number): Scenario => ({
  ...scenario,
  connections: Math.ceil(scenario.connections / cells),
  rooms: Math.max(scenario.roomsPerConnection, Math.round(scenario.rooms / cells)),
  pushesPerMinute: scenario.pushesPerMinute / cells,
});

function splitInto(cells: number, scenario: Scenario): Advice {
  const { to, why } = needsOf(scenario, loadOf(scenario)).requests;
  const each = amount(scenario.connections / cells);
  return {
    target: "design",
    what: "cells",
    from: 1,
    to: cells,
    why: `${amount(to)} requests a second (${why}) are more than the ${amount(aws.grantedRequests)} that AWS has granted before; each cell has ${each} connections`,
  };
}

interface Need {
  to: number;
  why: string;
}
const largest = (needs: readonly Need[]): Need =>
  needs.reduce((greatest, need) => (need.to > greatest.to ? need : greatest), { to: 0, why: "" });

/** The rate of posts that the goals need. */
function neededRate(scenario: Scenario, load: Load): Need {
  const { connections, everyonePerDay, everyoneWithinSeconds: within, postsPerSecond, qos } = scenario;
  const queued = isInline(scenario) ? 0 : load.posts / maxUtilization;
  const everyone = everyonePerDay > 0 ? everyoneRate(connections, within) : 0;
  const { to: posts, why } = largest([
    { to: queued, why: `${amount(load.posts)} posts a second on an average day, with a margin for peaks` },
    { to: everyone, why: `a push to everyone within ${amount(within)} s: ${amount(everyone)} posts a second` },
  ]);
  const to = posts / fanOutRate(1);
  const acks = qos === 1 && to > 0 ? ", and as many acks" : "";
  return { to: to > postsPerSecond ? roundUp(to, 1_000) : to, why: `${why}${acks}` };
}

/** The rate that reaches everyone in time, although the workers do not all start at once. */
function everyoneRate(connections: number, withinSeconds: number): number {
  const mapping = mappingSeconds(workersFor(connections / withinSeconds / fanOutRate(1)));
  const start = assumedSeconds.push + assumedSeconds.task + assumedSeconds.coldStart;
  return connections / Math.max(withinSeconds / 2, withinSeconds - mapping - start);
}

/** The last clients reconnect after the longest backoff. */
const tailSeconds = 30;

function ofAnotherQuota({ name, peak, limit, peakWhen }: QuotaUse, connections: number): (Advice | undefined)[] {
  if (name.startsWith("Lambda")) {
    return [
      raise(
        "AWS",
        "Lambda concurrent executions",
        limit,
        roundUp(peak / maxUtilization, 500),
        `${amount(peak)} run ${peakWhen}`,
      ),
    ];
  }
  if (!name.includes("to a table")) return [];
  const warm = "DynamoDB warm throughput of Connections and Rooms, writes a second";
  return [
    raise(
      "AWS",
      "DynamoDB writes a second to a table",
      limit,
      roundUp(peak / maxUtilization, 10_000),
      `${amount(peak)} ${peakWhen}`,
    ),
    // A shorter peak ends before DynamoDB throttles.
    connections < 60 * aws.connectsPerSecond
      ? undefined
      : raise(
          "stack",
          warm,
          aws.newTableWrites,
          roundUp(peak, 1_000),
          `${amount(peak)} ${peakWhen}; a new table takes ${amount(aws.newTableWrites)} at once`,
        ),
  ];
}

function settings(scenario: Scenario, load: Load, needs: Needs, granted: number): (Advice | undefined)[] {
  const { socketRateLimit } = scenario;
  const { to, why } = needs.frames;
  return [
    postsSetting(scenario, load, needs.rate, granted),
    raise("stack", "socketRateLimit", socketRateLimit, roundUp(to, 500), why),
  ];
}

function postsSetting(scenario: Scenario, load: Load, rate: Need, granted: number): Advice | undefined {
  const { postsPerSecond, qos } = scenario;
  if (rate.to > postsPerSecond) {
    const first = granted > scenario.requestsPerSecond ? "; after AWS has granted the requests" : "";
    return raise("stack", "postsPerSecond", postsPerSecond, rate.to, `${rate.why}${first}`);
  }
  const system = systemOf(scenario, load);
  const offered = offeredRequests(system, postsPerSecond);
  // The burst of the quota carries a short push.
  const lasts = scenario.everyonePerDay > 0 ? scenario.connections / postsPerSecond : Infinity;
  if ((offered - granted) * lasts <= system.requestBurst) return undefined;
  const to = Math.floor((granted - load.requests) / (1 + qos) / 100) * 100;
  const acks = qos === 1 ? ", its acks" : "";
  const why = `a large push at that rate${acks} and the average load make ${amount(offered)} requests a second of ${amount(granted)}`;
  return { target: "stack", what: "postsPerSecond", from: postsPerSecond, to, why };
}

const raise = (target: Advice["target"], what: string, from: number, to: number, why: string): Advice | undefined =>
  to > from ? { target, what, from, to, why } : undefined;

const roundUp = (count: number, step: number) => Math.ceil(count / step - 1e-9) * step;
