import { DownlinkError } from "../core/downlink-error.ts";
import type { Notice, Outcome } from "../core/state.ts";
import { isolated } from "./listeners.ts";

/** Hears of a success, once. */
export type OnOk<N extends Notice = Notice> = (notice: N) => void;
/** Hears why something failed; that of `connect` of each attempt that did. */
export type OnError = (error: DownlinkError) => void;

/** Somebody who waits for an answer, with a promise or with callbacks. */
export interface Waiter {
  /** `undefined` when it was called. */
  onOk: OnOk | undefined;
  onError: OnError | undefined;
  /** A promise can be told only once. */
  isPromise?: true;
}

/** With a callback nothing is returned: a promise that nobody holds would fail unhandled. */
export function answer<N extends Notice>(
  ask: (waiter: Waiter) => void,
  onOk: OnOk<N> | undefined,
  onError: OnError | undefined,
): Promise<N> | undefined {
  if (!onOk && !onError) {
    return new Promise((resolve, reject) => ask({ onOk: resolve as OnOk, onError: reject, isPromise: true }));
  }
  ask({ onOk: onOk as OnOk, onError });
  return undefined;
}

/** Tells of one success, and of every failure. */
export function tell(waiter: Waiter, outcome: Outcome): Promise<void> {
  const { onOk, onError } = waiter;
  if (outcome instanceof DownlinkError) return isolated(onError, outcome);
  waiter.onOk = undefined;
  return isolated(onOk, outcome);
}
