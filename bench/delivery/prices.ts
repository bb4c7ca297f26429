import { postsAtOnce } from "../../lambdas/domain/deliver.ts";
import type { FunctionName, Invocation, Usage } from "./usage.ts";

/** USD per million, us-east-1, first tier, as AWS's price pages had them in 2026. */
const prices = {
  readUnits: 0.125,
  writeUnits: 0.625,
  lambdaRequests: 0.2,
  /** On arm64. */
  lambdaGbSeconds: 13.3334,
  messages: 1,
  requests: 3.5,
  queueRequests: 0.4,
};

/** As lib/ deploys them. */
export const memoryMb: Record<FunctionName, number> = {
  authorize: 512,
  socket: 512,
  push: 1769,
  poll: 512,
  redeliver: 512,
};

/** What nobody measured: only the price of Lambda's time hangs on it. Milliseconds of a warm function. */
export const assumedMs = { own: 3, roundTrip: 5, order: 10, post: 10, postCpu: 1 };

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

export function costOf(usage: Usage): Cost {
  const gbSeconds = usage.invocations.reduce(
    (sum, run) => sum + (billedMs(run) / 1000) * (memoryMb[run.name] / 1024),
    0,
  );
  const items = {
    dynamo: usage.reads * prices.readUnits + usage.writes * prices.writeUnits,
    lambdaRequests: usage.invocations.length * prices.lambdaRequests,
    lambdaTime: gbSeconds * prices.lambdaGbSeconds,
    messages: usage.messages * prices.messages,
    requests: usage.requests * prices.requests,
    queue: usage.queueRequests * prices.queueRequests,
  };
  return { ...items, total: Object.values(items).reduce((sum, cost) => sum + cost, 0) };
}

function billedMs({ roundTrips, posts, orders }: Invocation): number {
  const { own, roundTrip, order, post, postCpu } = assumedMs;
  const posting = Math.max(Math.ceil(posts / postsAtOnce) * post, posts * postCpu);
  return Math.ceil(own + roundTrips * roundTrip + posting + (orders > 0 ? order : 0));
}
