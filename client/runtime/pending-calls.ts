import { DownlinkError } from "../core/downlink-error.ts";
import type { Outcome } from "../core/events.ts";
import type { Notice } from "../core/notices.ts";
import { isolated } from "./listeners.ts";

/** Called once, with the result. */
export type OnOk<N extends Notice = Notice> = (notice: N) => void;
/** Called with the reason for a failure. `connect` calls it for each attempt that fails. */
export type OnError = (error: DownlinkError) => void;

/** A call of the page whose outcome is pending. */
export interface PendingCall {
  /** `undefined` after it was called. */
  onOk?: OnOk | undefined;
  onError?: OnError | undefined;
  /** The call has a promise, which can be settled only once. */
  isPromise?: true;
}

/**
 * Starts a call.
 *
 * @returns a promise, but only without callbacks: a rejected promise that the page ignores would be an unhandled error
 */
export function startCall<N extends Notice>(
  start: (call: PendingCall) => void,
  onOk: OnOk<N> | undefined,
  onError: OnError | undefined,
): Promise<N> | undefined {
  if (!onOk && !onError) {
    return new Promise((resolve, reject) => start({ onOk: resolve as OnOk, onError: reject, isPromise: true }));
  }
  start({ onOk: onOk as OnOk, onError });
  return undefined;
}

/** Passes an outcome to the page: the first success, and every failure. */
export function settleCall(call: PendingCall, outcome: Outcome): Promise<void> {
  const { onOk, onError } = call;
  if (outcome instanceof DownlinkError) return isolated(onError, outcome);
  call.onOk = undefined;
  return isolated(onOk, outcome);
}
