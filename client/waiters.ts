import { DownlinkError } from "./downlink-error.ts";
import { isolated } from "./listeners.ts";
import type { Notice, Outcome } from "./state.ts";

export type OnOk<N extends Notice = Notice> = (notice: N) => void;
export type OnError = (error: DownlinkError) => void;

/** Somebody who waits for an answer, with a promise or with callbacks. */
export interface Waiter {
  /** `undefined` when it was called. */
  onOk: OnOk | undefined;
  onError: OnError | undefined;
  /** A promise can be told only once. */
  isPromise: boolean;
}

/** With a callback nothing is returned: a promise that nobody holds would fail unhandled. */
export function answer<N extends Notice>(
  ask: (waiter: Waiter) => void,
  onOk: OnOk<N> | undefined,
  onError: OnError | undefined,
): Promise<N> | undefined {
  const wait = (ok: unknown, failed: OnError | undefined, isPromise: boolean) =>
    ask({ onOk: ok as OnOk, onError: failed, isPromise });
  if (!onOk && !onError) return new Promise((resolve, reject) => wait(resolve, reject, true));
  wait(onOk, onError, false);
  return undefined;
}

/** Tells of one success, and of every failure. */
export function tell(waiter: Waiter, outcome: Outcome): Promise<void> {
  const { onOk, onError } = waiter;
  if (outcome instanceof DownlinkError) return isolated(onError, outcome);
  waiter.onOk = undefined;
  return isolated(onOk, outcome);
}
