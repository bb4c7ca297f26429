import { median } from "../median.ts";

/** Names of moments of one push, each with when it was, in milliseconds of one clock. */
export type Moments = Record<string, number>;

/** The clock of the machine, which all of its processes share. */
export const nowMs = () => Number(process.hrtime.bigint() / 1_000n) / 1_000;

/** From one moment to the next, in the words of what happens between them. */
export interface Hop {
  what: string;
  to: string;
}

export const hopsOfOurs: readonly Hop[] = [
  { what: "REST API, authorization, push function starts", to: "pushCalls" },
  { what: "takes a number, logs, reads members, divides", to: "ordered" },
  { what: "order lies in the queue, its mapping takes it", to: "handedOn" },
  { what: "fan-out function starts", to: "workerCalls" },
  { what: "takes its task, looks who waits, reads a page", to: "firstPost" },
  { what: "posts, the first to the last", to: "lastPost" },
  { what: "gateway to the last client", to: "lastClient" },
];
export const hopsOfSocketIo: readonly Hop[] = [
  { what: "HTTP request", to: "asked" },
  { what: "emit: all clients in one loop", to: "emitted" },
  { what: "sockets to the last client", to: "lastClient" },
];

/**
 * How long each hop takes, of several pushes.
 *
 * @param pushes each with the moment `sent`, and those that the hops lead to
 * @returns the median of each, in the order of the hops
 * @throws if a push lacks a moment
 */
export function mediansOf(hops: readonly Hop[], pushes: readonly Moments[]): number[] {
  return hops.map(({ to }, i) => median(pushes.map((push) => at(push, to) - at(push, hops[i - 1]?.to ?? "sent"))));
}

/** The median time from a push to a moment. */
export const untilMs = (pushes: readonly Moments[], to: string): number =>
  median(pushes.map((push) => at(push, to) - at(push, "sent")));

function at(push: Moments, name: string): number {
  const ms = push[name];
  if (ms === undefined) throw new Error(`nobody has seen when a push came to ${name}`);
  return ms;
}
