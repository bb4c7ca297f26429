import { postConcurrency } from "../../lambdas/domain/delivery/deliver.ts";
import { cpuSecondsPerPost } from "./architecture.ts";
import type { FunctionName, Invocation, Usage } from "./usage.ts";

/** USD per million, us-east-1, first tier, from AWS's price pages of 2026. */
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

/** Volume discounts: USD per million, from a count in a month. */
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

/** As `lib/` deploys the functions. */
export const memoryMb: Record<FunctionName, number> = {
  authorize: 512,
  socket: 512,
  push: 1769,
  poll: 512,
  redeliver: 512,
  fanOut: 1769,
};

/** Assumed milliseconds of a warm function. They only affect the price of Lambda's duration. */
export const assumedMs = { own: 3, roundTrip: 5, queueSend: 10, post: 10 };

/** Billed counts, in the units of `prices`. */
export type Billed = Record<keyof typeof prices, number>;

/** Billed counts of a usage. The duration of Lambda is assumed. */
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

/** @returns USD at the prices of the first tier */
export const usdOf = (billed: Billed): number =>
  Object.entries(billed).reduce((sum, [item, count]) => sum + (count / 1e6) * prices[item as keyof Billed], 0);

/** @returns the billed milliseconds of one invocation, rounded up */
export function billedMs({ roundTrips, posts, queueSends }: Invocation): number {
  const { own, roundTrip, queueSend, post } = assumedMs;
  const posting = Math.max(Math.ceil(posts / postConcurrency) * post, posts * cpuSecondsPerPost * 1000);
  return Math.ceil(own + roundTrips * roundTrip + posting + (queueSends > 0 ? queueSend : 0));
}

/** @returns USD for a count in a month, each tier at its price */
export function monthlyUsd(item: keyof Billed, count: number): number {
  const tiers = [{ from: 0, usd: prices[item] }, ...(laterTiers[item] ?? [])];
  return tiers.reduce((sum, { from, usd }, i) => {
    const inTier = Math.max(0, Math.min(count, tiers[i + 1]?.from ?? Infinity) - from);
    return sum + (inTier / 1e6) * usd;
  }, 0);
}
