import { DownlinkError, type Failure } from "./downlink-error.ts";
import { isolated } from "./listeners.ts";
import type { Notice } from "./state.ts";

export type OnOk<N extends Notice = Notice> = (notice: N) => void;
export type OnError = (error: DownlinkError) => void;

/** Somebody who waits for an answer, with a promise or with callbacks. */
export interface Waiter {
  onOk: OnOk;
  onError: OnError;
  /** A promise can be told only once. */
  isPromise: boolean;
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
  const ignore = () => {};
  ask({ onOk: isolated((onOk as OnOk) ?? ignore), onError: isolated(onError ?? ignore), isPromise: false });
  return undefined;
}

/** Who waits for the connection. Callbacks hear of every failed attempt, before the first success and after it. */
export class ConnectWaiters {
  #waiting: Waiter[] = [];
  #later: Waiter[] = [];

  add(waiter: Waiter): void {
    this.#waiting.push(waiter);
  }

  connected(notice: Notice): void {
    const waiting = this.#waiting.splice(0);
    this.#later.push(...waiting.filter(isLasting));
    for (const { onOk } of waiting) onOk(notice);
  }

  attemptFailed(failure: Failure): void {
    const all = [...this.#waiting, ...this.#later];
    this.#waiting = this.#waiting.filter(isLasting);
    fail(all, failure);
  }

  closed(failure: Failure): void {
    this.#later = [];
    fail(this.#waiting.splice(0), failure);
  }
}

const isLasting = ({ isPromise }: Waiter) => !isPromise;

function fail(waiters: readonly Waiter[], failure: Failure): void {
  for (const { onError } of waiters) onError(new DownlinkError(failure));
}

/** Those who wait for a request's answer, by its `ref`. */
export class RequestWaiters {
  readonly #byRef = new Map<number, Waiter>();
  #lastRef = 0;

  nextRef(): number {
    this.#lastRef += 1;
    return this.#lastRef;
  }

  add(ref: number, waiter: Waiter): void {
    this.#byRef.set(ref, waiter);
  }

  resolve(ref: number, notice: Notice): void {
    for (const { onOk } of this.#take(ref)) onOk(notice);
  }

  reject(ref: number, failure: Failure): void {
    fail(this.#take(ref), failure);
  }

  closed(failure: Failure): void {
    for (const ref of [...this.#byRef.keys()]) this.reject(ref, failure);
  }

  #take(ref: number): Waiter[] {
    const waiter = this.#byRef.get(ref);
    this.#byRef.delete(ref);
    return waiter ? [waiter] : [];
  }
}
