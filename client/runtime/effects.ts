import type { MessageFrame } from "../../protocol/frames.ts";
import { DownlinkError } from "../core/downlink-error.ts";
import type { EffectHandlers, Request, RequestFrame, Timer } from "../core/events.ts";
import type { PayloadLost } from "../core/notices.ts";
import { type Connection, openConnection, type TransportOptions } from "../transport/open.ts";
import type { PayloadFetcher } from "../transport/payload-fetcher.ts";
import { backoffMs, gapMs } from "./backoff.ts";
import { makeEventLoop } from "./event-loop.ts";
import { type Listeners, makeListeners } from "./listeners.ts";
import { type PendingCall, settleCall } from "./pending-calls.ts";
import { makeTimers } from "./timers.ts";
import { watchWakeEvents } from "./wake-events.ts";

export interface RuntimeOptions extends TransportOptions {
  heartbeatMs: number;
}

/** A client without its public API. */
export interface Runtime {
  readonly listeners: Listeners;
  /** @param call is settled by the first attempt to connect; with callbacks also by later ones that fail */
  connect(call: PendingCall): void;
  /**
   * Sends a request.
   *
   * @param frame is copied, as it is sent later and perhaps more than once
   * @throws TypeError if `frame` cannot be JSON
   */
  request(call: PendingCall, frame: RequestFrame): void;
  close(isPermanent: boolean): void;
}

/** Attempts to open a WebSocket that fail before the client polls. */
const failuresBeforePolling = 3;
/** Acks of messages that arrive within this time are sent together. */
const ackDelayMs = 250;
/** A timer that is later than this shows that the device slept. */
const sleepMs = 5_000;
/** The payload fetcher is a script of its own. After a failure it is loaded again. */
const reloadFetcherMs = 5_000;

/** Starts the event loop, and executes the reducer's effects with a transport, timers, listeners and pending calls. */
export function makeRuntime(options: RuntimeOptions): Runtime {
  const { clock, random, pollUrl, heartbeatMs, requestTimeoutMs } = options;
  const listeners = makeListeners();
  const timers = makeTimers(clock);
  /** Pending requests by `ref`. */
  const calls = new Map<number, PendingCall>();
  let lastRef = 0;
  /** Pending calls of `connect`. Those with callbacks stay, as they are called for every attempt that fails. */
  let connects: PendingCall[] = [];
  let connection: Connection | undefined;
  /** Attempts that failed since a WebSocket was open. */
  let failures = 0;
  let isPolling = false;
  /** This page's moment within every ack interval, so that the acks of a room's members are spread evenly. */
  let ackOffsetMs: number | undefined;
  let stopWatching: (() => void) | undefined;
  let fetcher: Promise<PayloadFetcher> | undefined;

  function request(call: PendingCall, frame: RequestFrame): void {
    lastRef += 1;
    const copy: Request = JSON.parse(JSON.stringify({ ...frame, ref: lastRef, sends: 0 }));
    calls.set(lastRef, call);
    dispatch("request", copy);
  }

  function fetchPayload(message: MessageFrame): void {
    const onFetched = (...fetched: [MessageFrame, PayloadLost?]) => dispatch("fetched", ...fetched);
    fetcher ??= import("../transport/payload-fetcher.ts").then(
      (script) => new script.PayloadFetcher(options, onFetched),
    );
    fetcher.then(
      (loaded) => loaded.fetch(message),
      () => {
        fetcher = undefined;
        timers.start(`${message.roomId} ${message.messageId}`, reloadFetcherMs, () => onFetched(message));
      },
    );
  }

  function durationMs(timer: Timer, attempts: number): number {
    const [name] = timer;
    if (name === "reconnect" || name === "resend") return backoffMs(attempts, random);
    if (name === "idle") return heartbeatMs;
    if (name === "gap") return gapMs(attempts);
    if (name !== "ack") return requestTimeoutMs;
    const [, intervalMs] = timer;
    ackOffsetMs ??= random() * 2 ** 32;
    return intervalMs ? intervalMs - ((clock.now() + ackOffsetMs) % intervalMs) : ackDelayMs;
  }

  const handlers: EffectHandlers = {
    open() {
      stopWatching ??= watchWakeEvents(() => dispatch("wake"));
      isPolling = !!pollUrl && failures >= failuresBeforePolling;
      connection = openConnection(options, isPolling, dispatch);
    },
    drop: () => connection?.close(),
    send: (frame) => connection?.send(JSON.stringify(frame)),
    start: (timer, attempts) =>
      timers.start(`${timer}`, durationMs(timer, attempts), (lateMs) => {
        if (lateMs > sleepMs) dispatch("wake");
        dispatch(...timer);
      }),
    stop: (timer) => timers.stop(`${timer}`),
    settle(ref, outcome) {
      const call = calls.get(ref);
      calls.delete(ref);
      if (call) void settleCall(call, outcome);
    },
    attempted(outcome) {
      // Polling and attempts to open a WebSocket alternate: at the same time they would end each other's memberships.
      if (isPolling) failures = failuresBeforePolling - 1;
      else failures = outcome instanceof DownlinkError ? failures + 1 : 0;
      const pending = connects;
      connects = pending.filter(({ isPromise }) => !isPromise);
      for (const call of pending) void settleCall(call, outcome);
    },
    notify: listeners.notify,
    fetch: fetchPayload,
    leave: (roomId) => request({}, { action: "leaveRoom", roomId }),
    end(failure) {
      stopWatching?.();
      stopWatching = undefined;
      timers.stopAll();
      fetcher?.then(
        (loaded) => loaded.stop(),
        () => {},
      );
      fetcher = undefined;
      const pending = [...calls.values(), ...connects.filter(({ onOk }) => onOk)];
      calls.clear();
      connects = [];
      for (const call of pending) void settleCall(call, failure);
    },
  };
  const dispatch = makeEventLoop(handlers);

  return {
    listeners,
    connect(call) {
      connects.push(call);
      dispatch("connect");
    },
    request,
    close: (isPermanent) => dispatch("close", isPermanent),
  };
}
