import { amount } from "./amounts.ts";
import { assumedSeconds, aws, fanOutPace, mappingSeconds, workersFor } from "./architecture.ts";
import { type Load, loadOf } from "./load.ts";
import type { Question } from "./scenario.ts";
import { type QuotaUse, quotasOf, steadyConnects } from "./quotas.ts";
import { isInline, systemOf } from "./system.ts";
import { offeredRequests } from "./time-model.ts";
import { everyoneTime } from "./times.ts";

/** Something to ask AWS for, to set in the stack, or to build otherwise. With cells all else is said of each. */
export interface Advice {
  /** `goal`: what cannot be had, whatever is asked for. */
  whom: "AWS" | "stack" | "design" | "goal";
  what: string;
  from: number;
  to: number;
  why: string;
}

/** A steady load should leave room for its peaks. */
const fullest = 0.6;

/** @returns what has to change so that the goals are met, nothing if they are */
export function adviceFor(whole: Question): Advice[] {
  const cells = cellsFor(whole);
  const question = cellOf(whole, cells);
  const { requestsPerSecond, connectsPerSecond, connections } = question;
  const load = loadOf(question);
  const needs = needsOf(question, load);
  const { requests, connects } = needs;
  const granted = Math.max(requestsPerSecond, roundUp(requests.to, 1_000));
  const advice = [
    cells > 1 ? splitInto(cells, whole) : undefined,
    raise("AWS", "API Gateway requests a second", requestsPerSecond, granted, requests.why),
    raise("AWS", "API Gateway new connections a second", connectsPerSecond, roundUp(connects.to, 100), connects.why),
    ...quotasOf(question, load).flatMap((use) => ofAnotherQuota(use, connections)),
    ...settings(question, load, needs, granted),
  ].filter((one) => one !== undefined);
  return [...advice, ...missedGoal(question, granted, advice)];
}

/** @returns that a push to everyone takes longer than wanted, even if all advice is followed */
function missedGoal(question: Question, requestsPerSecond: number, advice: readonly Advice[]): Advice[] {
  const { everyonePerDay, everyoneWithinSeconds: within } = question;
  const postsPerSecond = advice.find(({ what }) => what === "postsPerSecond")?.to ?? question.postsPerSecond;
  const { seconds } = everyoneTime({ ...question, requestsPerSecond, postsPerSecond });
  if (everyonePerDay === 0 || seconds <= within * 1.03) return [];
  const why = `Lambda starts with ${aws.mappingBatches} workers and adds ${aws.mappingBatchesPerMinute / 60} a second: more of them come too late`;
  return [
    { whom: "goal", what: "seconds for a push to everyone", from: within, to: Math.ceil(seconds * 10) / 10, why },
  ];
}

/** @returns as few as can be, so that each needs no more than AWS was seen to grant */
function cellsFor(question: Question): number {
  const isEnough = (cells: number) => {
    const cell = cellOf(question, cells);
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
  pace: Need;
  requests: Need;
  connects: Need;
  frames: Need;
}
function needsOf(question: Question, load: Load): Needs {
  const { connections, backWithinSeconds } = question;
  const pace = paceGoal(question, load);
  const wave = connections / Math.max(1, backWithinSeconds - tailSeconds);
  const requests = most([
    { to: load.requests / fullest, why: `an average day needs ${amount(load.requests)}, and peaks need room` },
    { to: load.requests + pace.to * (1 + question.qos), why: pace.why },
    {
      to: load.requests + 2 * wave,
      why: `all pages back within ${amount(backWithinSeconds)} s of an outage: a connect and a hello each`,
    },
  ]);
  const connects = most([
    { to: wave, why: `all ${amount(connections)} pages back within ${amount(backWithinSeconds)} s of an outage` },
    { to: steadyConnects(connections) / fullest, why: "each connection ends after 2 h and comes anew" },
  ]);
  // A push that was told to is let out at the stack's pace, whether that is needed or not.
  const fastest = pace.to === 0 ? 0 : Math.max(pace.to, Math.min(question.postsPerSecond, connections));
  const frames = most([
    { to: load.frames / fullest, why: `an average day brings ${amount(load.frames)} frames, and peaks need room` },
    { to: load.frames + question.qos * fastest, why: `room for the acks of ${amount(fastest)} posts a second` },
    { to: load.frames + 2 * wave, why: `all pages back within ${amount(backWithinSeconds)} s of an outage` },
  ]);
  return { pace, requests, connects, frames };
}

/** One of several stacks, each with an account and Region of its own; rooms and people are spread over them. */
const cellOf = (question: Question, cells: number): Question => ({
  ...question,
  connections: Math.ceil(question.connections / cells),
  rooms: Math.max(question.roomsPerConnection, Math.round(question.rooms / cells)),
  pushesPerMinute: question.pushesPerMinute / cells,
});

function splitInto(cells: number, question: Question): Advice {
  const { to, why } = needsOf(question, loadOf(question)).requests;
  const each = amount(question.connections / cells);
  return {
    whom: "design",
    what: "cells",
    from: 1,
    to: cells,
    why: `${amount(to)} requests a second (${why}) are more than the ${amount(aws.grantedRequests)} that AWS was seen to grant; each cell has ${each} connections`,
  };
}

interface Need {
  to: number;
  why: string;
}
const most = (needs: readonly Need[]): Need =>
  needs.reduce((greatest, need) => (need.to > greatest.to ? need : greatest), { to: 0, why: "" });

/** How many posts a second have to go out. */
function paceGoal(question: Question, load: Load): Need {
  const { connections, everyonePerDay, everyoneWithinSeconds: within, postsPerSecond, qos } = question;
  const queued = isInline(question) ? 0 : load.posts / fullest;
  const everyone = everyonePerDay > 0 ? everyonePace(connections, within) : 0;
  const { to: posts, why } = most([
    { to: queued, why: `${amount(load.posts)} posts a second on an average day, with room for peaks` },
    { to: everyone, why: `a push to everyone within ${amount(within)} s: ${amount(everyone)} posts a second` },
  ]);
  const to = posts / fanOutPace(1);
  const acks = qos === 1 && to > 0 ? ", and as many acks" : "";
  return { to: to > postsPerSecond ? roundUp(to, 1_000) : to, why: `${why}${acks}` };
}

/** So that all are reached in time, although not all workers are there from the beginning. */
function everyonePace(connections: number, withinSeconds: number): number {
  const growing = mappingSeconds(workersFor(connections / withinSeconds / fanOutPace(1)));
  const beginning = assumedSeconds.push + assumedSeconds.task + assumedSeconds.coldStart;
  return connections / Math.max(withinSeconds / 2, withinSeconds - growing - beginning);
}

/** The last ones come after a pause of the client's. */
const tailSeconds = 30;

function ofAnotherQuota({ name, peak, limit, peakWhen }: QuotaUse, connections: number): (Advice | undefined)[] {
  if (name.startsWith("Lambda")) {
    return [
      raise("AWS", "Lambda functions at once", limit, roundUp(peak / fullest, 500), `${amount(peak)} run ${peakWhen}`),
    ];
  }
  if (!name.includes("to a table")) return [];
  const warm = "DynamoDB warm throughput of Connections and Rooms, writes a second";
  return [
    raise(
      "AWS",
      "DynamoDB writes a second to a table",
      limit,
      roundUp(peak / fullest, 10_000),
      `${amount(peak)} ${peakWhen}`,
    ),
    // Shorter peaks are over before it matters.
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

function settings(question: Question, load: Load, needs: Needs, granted: number): (Advice | undefined)[] {
  const { socketRateLimit } = question;
  const { to, why } = needs.frames;
  return [
    postsSetting(question, load, needs.pace, granted),
    raise("stack", "socketRateLimit", socketRateLimit, roundUp(to, 500), why),
  ];
}

function postsSetting(question: Question, load: Load, pace: Need, granted: number): Advice | undefined {
  const { postsPerSecond, qos } = question;
  if (pace.to > postsPerSecond) {
    const first = granted > question.requestsPerSecond ? "; after AWS has granted the requests" : "";
    return raise("stack", "postsPerSecond", postsPerSecond, pace.to, `${pace.why}${first}`);
  }
  const system = systemOf(question, load);
  const offered = offeredRequests(system, postsPerSecond);
  // What API Gateway grants at once carries a push that is over soon.
  const lasts = question.everyonePerDay > 0 ? question.connections / postsPerSecond : Infinity;
  if ((offered - granted) * lasts <= system.requestBurst) return undefined;
  const to = Math.floor((granted - load.requests) / (1 + qos) / 100) * 100;
  const acks = qos === 1 ? ", its acks" : "";
  const why = `a large push at that pace${acks} and the rest of the day make ${amount(offered)} requests a second of ${amount(granted)}`;
  return { whom: "stack", what: "postsPerSecond", from: postsPerSecond, to, why };
}

const raise = (whom: Advice["whom"], what: string, from: number, to: number, why: string): Advice | undefined =>
  to > from ? { whom, what, from, to, why } : undefined;

const roundUp = (count: number, step: number) => Math.ceil(count / step - 1e-9) * step;
