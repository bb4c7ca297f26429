import { amount } from "./amounts.ts";
import { aws, fanOut } from "./architecture.ts";
import { type Load, loadOf } from "./load.ts";
import type { Question } from "./question.ts";
import { paceOf, type QuotaUse, steadyConnects } from "./quotas.ts";
import { isInline, systemOf } from "./system.ts";
import { offeredRequests } from "./time-model.ts";

/** Something to ask AWS for, or to set in the stack. */
export interface Advice {
  whom: "AWS" | "stack";
  what: string;
  from: number;
  to: number;
  why: string;
}

/** A steady load should leave room for its peaks. */
const fullest = 0.6;

/** @returns what has to change so that the goals are met, nothing if they are */
export function adviceFor(question: Question, quotas: readonly QuotaUse[], load: Load = loadOf(question)): Advice[] {
  const { connections, backWithinSeconds, requestsPerSecond, connectsPerSecond } = question;
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
  const granted = Math.max(requestsPerSecond, roundUp(requests.to, 1_000));
  return [
    raise("AWS", "API Gateway requests a second", requestsPerSecond, granted, requests.why),
    raise("AWS", "API Gateway new connections a second", connectsPerSecond, roundUp(connects.to, 100), connects.why),
    ...quotas.flatMap((use) => ofAnotherQuota(use)),
    ...settings(question, load, pace, granted),
  ].filter((advice) => advice !== undefined);
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

function ofAnotherQuota({ name, peak, limit, peakWhen }: QuotaUse): (Advice | undefined)[] {
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
    raise(
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
    const needed = Math.min(fanOut.segments, Math.ceil(pace.to / postsPerWorker));
    const first = granted > question.requestsPerSecond ? "; after AWS has granted the requests" : "";
    return [
      raise("stack", "postsPerSecond", postsPerSecond, pace.to, `${pace.why}${first}`),
      raise("stack", "workers", workers, needed, `at most ${amount(postsPerWorker)} posts a second each`),
    ];
  }
  if (offered <= granted) return [];
  const to = Math.floor((granted - load.requests) / (1 + qos) / 100) * 100;
  const acks = qos === 1 ? ", its acks" : "";
  const why = `a large push at that pace${acks} and the rest of the day make ${amount(offered)} requests a second of ${amount(granted)}`;
  return [{ whom: "stack", what: "postsPerSecond", from: postsPerSecond, to, why }];
}

/** Half of what one core was measured to do, so that TLS and slow answers have room. */
const postsPerWorker = 5_000;

const raise = (whom: Advice["whom"], what: string, from: number, to: number, why: string): Advice | undefined =>
  to > from ? { whom, what, from, to, why } : undefined;

const roundUp = (count: number, step: number) => Math.ceil(count / step - 1e-9) * step;
