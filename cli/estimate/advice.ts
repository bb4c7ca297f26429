import { amount } from "./amounts.ts";
import { aws, fanOut } from "./architecture.ts";
import { type Load, loadOf } from "./load.ts";
import type { Question } from "./question.ts";
import { paceOf, type QuotaUse, quotasOf, steadyConnects } from "./quotas.ts";
import { isInline, systemOf } from "./system.ts";
import { offeredRequests } from "./time-model.ts";

/** Something to ask AWS for, to set in the stack, or to build otherwise. With cells all else is said of each. */
export interface Advice {
  whom: "AWS" | "stack" | "design";
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
  const { pace, requests, connects } = needsOf(question, load);
  const granted = Math.max(requestsPerSecond, roundUp(requests.to, 1_000));
  return [
    cells > 1 ? splitInto(cells, whole) : undefined,
    raise("AWS", "API Gateway requests a second", requestsPerSecond, granted, requests.why),
    raise("AWS", "API Gateway new connections a second", connectsPerSecond, roundUp(connects.to, 100), connects.why),
    ...quotasOf(question, load).flatMap((use) => ofAnotherQuota(use, connections)),
    ...settings(question, load, pace, granted),
  ].filter((advice) => advice !== undefined);
}

/** @returns so many that each needs no more than AWS was seen to grant */
function cellsFor(question: Question): number {
  for (let cells = 1; ; ) {
    const cell = cellOf(question, cells);
    const share = needsOf(cell, loadOf(cell)).requests.to / aws.grantedRequests;
    // One connection cannot be split.
    if (share <= 1 || cell.connections <= 1) return cells;
    cells = Math.max(cells + 1, Math.ceil(cells * share));
  }
}

function needsOf(question: Question, load: Load): { pace: Need; requests: Need; connects: Need } {
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
  return { pace, requests, connects };
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
  const everyone = everyonePerDay > 0 ? connections / within : 0;
  const { to, why } = most([
    { to: queued, why: `${amount(load.posts)} posts a second on an average day, with room for peaks` },
    { to: everyone, why: `a push to everyone within ${amount(within)} s: ${amount(everyone)} posts a second` },
  ]);
  const acks = qos === 1 && to > 0 ? ", and as many acks" : "";
  return { to: to > postsPerSecond ? roundUp(to, 1_000) : to, why: `${why}${acks}` };
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

function settings(question: Question, load: Load, pace: Need, granted: number): (Advice | undefined)[] {
  const { postsPerSecond, workers, qos } = question;
  const system = systemOf(question, load);
  const offered = offeredRequests(system, paceOf(question, system));
  if (pace.to > postsPerSecond) {
    // As many segments for each: otherwise some workers have nothing to do at the end.
    const even = divisorsOf(fanOut.segments).find((count) => count * postsPerWorker >= pace.to) ?? fanOut.segments;
    const first = granted > question.requestsPerSecond ? "; after AWS has granted the requests" : "";
    return [
      raise("stack", "postsPerSecond", postsPerSecond, pace.to, `${pace.why}${first}`),
      raise(
        "stack",
        "workers",
        workers,
        even,
        `at most ${amount(postsPerWorker)} posts a second each, and as many of the ${fanOut.segments} segments for each`,
      ),
    ];
  }
  // What API Gateway grants at once carries a push that is over soon.
  const lasts = question.everyonePerDay > 0 ? question.connections / postsPerSecond : Infinity;
  if ((offered - granted) * lasts <= system.requestBurst) return [];
  const to = Math.floor((granted - load.requests) / (1 + qos) / 100) * 100;
  const acks = qos === 1 ? ", its acks" : "";
  const why = `a large push at that pace${acks} and the rest of the day make ${amount(offered)} requests a second of ${amount(granted)}`;
  return [{ whom: "stack", what: "postsPerSecond", from: postsPerSecond, to, why }];
}

const divisorsOf = (count: number) =>
  Array.from({ length: count }, (_, i) => i + 1).filter((divisor) => count % divisor === 0);

/** Half of what one core was measured to do, so that TLS and slow answers have room. */
const postsPerWorker = 5_000;

const raise = (whom: Advice["whom"], what: string, from: number, to: number, why: string): Advice | undefined =>
  to > from ? { whom, what, from, to, why } : undefined;

const roundUp = (count: number, step: number) => Math.ceil(count / step - 1e-9) * step;
