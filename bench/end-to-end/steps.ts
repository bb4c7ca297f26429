import { median } from "../median.ts";

/** Times of named moments of one push, in milliseconds of the machine's clock. */
export type Moments = Record<string, number>;

/** The clock of the machine, which all processes share. */
export const nowMs = () => Number(process.hrtime.bigint() / 1_000n) / 1_000;

/** One part of a push: what happens until a moment. */
export interface Step {
  what: string;
  until: string;
}

export const stepsOfOurs: readonly Step[] = [
  { what: "REST API, authorizer, push function starts", until: "pushCalls" },
  { what: "takes seq, logs, reads members", until: "enqueued" },
  { what: "task in the queue", until: "received" },
  { what: "fan-out function starts", until: "workerCalls" },
  { what: "acquires the task, reads log and members", until: "firstPost" },
  { what: "posts, the first to the last", until: "lastPost" },
  { what: "gateway to the last client", until: "lastClient" },
];
export const stepsOfSocketIo: readonly Step[] = [
  { what: "HTTP request", until: "requested" },
  { what: "emit: all clients in one loop", until: "emitted" },
  { what: "sockets to the last client", until: "lastClient" },
];

/**
 * @param pushes the moments of several pushes, each with `sent`
 * @returns the median duration of each step
 * @throws if a moment is missing
 */
export function mediansOf(steps: readonly Step[], pushes: readonly Moments[]): number[] {
  return steps.map(({ until }, i) =>
    median(pushes.map((push) => at(push, until) - at(push, steps[i - 1]?.until ?? "sent"))),
  );
}

/** The median time from the request of a push to a moment. */
export const untilMs = (pushes: readonly Moments[], moment: string): number =>
  median(pushes.map((push) => at(push, moment) - at(push, "sent")));

function at(push: Moments, moment: string): number {
  const ms = push[moment];
  if (ms === undefined) throw new Error(`a push has no moment ${moment}`);
  return ms;
}
