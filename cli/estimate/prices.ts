import { cpuSecondsPerPost } from "./architecture.ts";
import type { FunctionName, Invocation, Usage } from "./usage.ts";

/** USD per million, us-east-1, first tier, as AWS's price pages had them in 2026. */
export const prices = {
  readUnits: 0.125,
  writeUnits: 0.625,
  lambdaRequests: 0.2,
  /** On arm64. */
  lambdaGbSeconds: 13.3334,
  messages: 1,
  requests: 3.5,
  queueRequests: 0.4,
  connectionMinutes: 0.25,
};

/** What AWS takes less for: from so many a month on, USD per million. */
const laterTiers: { [item in keyof typeof prices]?: { from: number; usd: number }[] } = {
  messages: [{ from: 1e9, usd: 0.8 }],
  requests: [
    { from: 333e6, usd: 2.8 },
    { from: 1e9, usd: 2.38 },
    { from: 20e9, usd: 1.51 },
  ],
};

/** USD per million requests to S3. */
export const objectPrices = { put: 5, get: 0.4 };

/** USD per GB. */
export const gigabytePrices = { logs: 0.5, dataOut: 0.09 };

/** As lib/ deploys them. */
export const memoryMb: Record<FunctionName, number> = {
  authorize: 512,
  socket: 512,
  push: 1769,
  poll: 512,
  redeliver: 512,
  fanOut: 1769,
};

/** What nobody measured: only the price of Lambda's time hangs on it. Milliseconds of a warm function. */
export const assumedMs = { own: 3, roundTrip: 5, order: 10, post: 10 };
/** As the domain posts. */
export const postsAtOnce = 400;

/** What AWS bills, in the units of `prices`. */
export type Billed = Record<keyof typeof prices, number>;

/** USD per million times of an operation. */
export interface Cost {
  dynamo: number;
  lambdaRequests: number;
  lambdaTime: number;
  messages: number;
  requests: number;
  queue: number;
  total: number;
}

/** What AWS bills for what was used; the time of Lambda is assumed. */
export function billedOf(usage: Usage): Billed {
  const { reads, writes, invocations, messages, requests, queueRequests } = usage;
  const lambdaGbSeconds = invocations.reduce(
    (sum, run) => sum + gbSecondsOf(billedMs(run) / 1000, memoryMb[run.name]),
    0,
  );
  return {
    readUnits: reads,
    writeUnits: writes,
    lambdaRequests: invocations.length,
    lambdaGbSeconds,
    messages,
    requests,
    queueRequests,
    connectionMinutes: 0,
  };
}

/** @param memory MB */
export const gbSecondsOf = (seconds: number, memory: number) => seconds * (memory / 1024);

/** At the prices of the first tier. */
export function costOf(usage: Usage): Cost {
  const billed = billedOf(usage);
  const items = {
    dynamo: billed.readUnits * prices.readUnits + billed.writeUnits * prices.writeUnits,
    lambdaRequests: billed.lambdaRequests * prices.lambdaRequests,
    lambdaTime: billed.lambdaGbSeconds * prices.lambdaGbSeconds,
    messages: billed.messages * prices.messages,
    requests: billed.requests * prices.requests,
    queue: billed.queueRequests * prices.queueRequests,
  };
  return { ...items, total: Object.values(items).reduce((sum, cost) => sum + cost, 0) };
}

/** @returns milliseconds of one run, as they are billed: whole ones */
export function billedMs({ roundTrips, posts, orders }: Invocation): number {
  const { own, roundTrip, order, post } = assumedMs;
  const posting = Math.max(Math.ceil(posts / postsAtOnce) * post, posts * cpuSecondsPerPost * 1000);
  return Math.ceil(own + roundTrips * roundTrip + posting + (orders > 0 ? order : 0));
}

/** @returns USD for so many a month, each tier at its price */
export function monthlyUsd(item: keyof Billed, count: number): number {
  const tiers = [{ from: 0, usd: prices[item] }, ...(laterTiers[item] ?? [])];
  return tiers.reduce((sum, { from, usd }, i) => {
    const inTier = Math.max(0, Math.min(count, tiers[i + 1]?.from ?? Infinity) - from);
    return sum + (inTier / 1e6) * usd;
  }, 0);
}
