import { defaultEventName } from "../protocol/codes.ts";
import type { CatchUp, MessageFrame, ServerFrame } from "../protocol/frames.ts";
import type { LoginPolicy } from "../protocol/ids.ts";
import { DownlinkError } from "./core/downlink-error.ts";
import { step } from "./core/reducer.ts";
import {
  type Actions,
  type Event,
  initialState,
  type LoginNotice,
  type Notice,
  type PayloadLost,
  type PublishNotice,
  type ReplayNotice,
  type Request,
  type State,
  type Timer,
  type Wish,
} from "./core/state.ts";
import { type ResolvedOptions, resolveOptions, type SocketHandleOptions } from "./options.ts";
import { gapMs, pauseMs } from "./runtime/backoff.ts";
import { isolated, makeListeners } from "./runtime/listeners.ts";
import { answer, type OnError, type OnOk, tell, type Waiter } from "./runtime/pending-calls.ts";
import { makeTimers, type Timers } from "./runtime/timers.ts";
import { watchForSuspicion } from "./runtime/wake-events.ts";
import { type Connection, openConnection } from "./transport/open.ts";
import type { Payloads } from "./transport/payload-fetcher.ts";

type SystemFrame = Exclude<ServerFrame, MessageFrame> | PayloadLost;
/** Names under which pages can listen to what Downlink itself sends. */
export type SystemEventName = Exclude<SystemFrame, { type: "probe" }>["eventName"];
/** What those listeners get as their second argument. */
export type SystemFrameOf<E extends SystemEventName> = Extract<SystemFrame, { eventName: E }>;
/** @param data what was pushed; `message` says which room, when, by whom */
export type Listener<Data = unknown> = (data: Data, message: MessageFrame) => void;

/** How a message is to be published. */
export interface PublishOptions {
  /**
   * 0: at most once, outside of order, not kept. 1: kept, in order, once. 2, a word of MQTT's, means 1.
   *
   * @default 1
   */
  qos?: 0 | 1 | 2;
  /** Each receiver's arrival is told as the event `delivered`. */
  receipt?: boolean;
  /**
   * 1 to 128 characters; the same one within a day is the same message, so after a failure it may be published again.
   *
   * @default a new one
   */
  clientMessageId?: string;
}

/** So many attempts to open a WebSocket fail before the page polls. */
const failuresBeforePoll = 3;

/**
 * A page's line to its server: connects, logs in to rooms, tells listeners what is pushed, and brings all of that
 * back after a lost connection.
 */
export class SocketHandle {
  static #defaults: Partial<SocketHandleOptions> = {};

  /** Sets options of all handles that are made afterwards. */
  static configure(defaults: Partial<SocketHandleOptions>): void {
    SocketHandle.#defaults = { ...SocketHandle.#defaults, ...defaults };
  }

  readonly #options: ResolvedOptions;
  readonly #timers: Timers;
  readonly #listeners = makeListeners();
  /** Who waits for a request's answer, by its `ref`. */
  readonly #waiters = new Map<number, Waiter>();
  #lastRef = 0;
  /** Who waits for the connection. Callbacks stay, as they hear of every attempt that fails. */
  #connects: Waiter[] = [];
  readonly #events: Event[] = [];
  #state: State = initialState;
  #connection: Connection | undefined;
  /** Attempts that failed since a WebSocket worked. */
  #failures = 0;
  #polls = false;
  #ackMoment: number | undefined;
  #stopWatching: (() => void) | undefined;
  #payloads: Promise<Payloads> | undefined;

  /** @throws DownlinkError 3004 if `url` or `token` is given neither here nor to `configure`, or an option is wrong */
  constructor(options: Partial<SocketHandleOptions> = {}) {
    this.#options = resolveOptions({ ...SocketHandle.#defaults, ...options });
    this.#timers = makeTimers(this.#options.clock);
  }

  /**
   * Connects. The promise rejects (3001) if the first attempt fails; `onError` is called for every attempt that
   * fails, later ones too. Either way the handle goes on trying until it is closed.
   */
  connect(): Promise<Notice>;
  connect(onOk: OnOk, onError?: OnError): void;
  connect(onOk?: OnOk, onError?: OnError): Promise<Notice> | undefined {
    return answer(
      (waiter) => {
        this.#connects.push(waiter);
        this.#happen("connect");
      },
      onOk,
      onError,
    );
  }

  /**
   * Logs in to a room; connects first if that is needed. The place is kept across lost connections.
   *
   * Fails with a DownlinkError: 2003 not possible, 2004 refused by the policy, 2005 evicted at once, 3002 no answer
   * in time, 3003 closed.
   *
   * @param type who stays when the room is not empty; without one it is `loginWhenFirst`
   * @param catchUp what of the room's log is to be heard first: `since` a place or `"last"`, or the newest `history`
   *   (1 to 100) messages; without it only what comes from now on. A page that is in already goes on where it is.
   */
  loginRoom(roomId: string, onOk: OnOk<LoginNotice>, onError?: OnError): void;
  loginRoom(roomId: string, type: LoginPolicy | undefined, onOk: OnOk<LoginNotice>, onError?: OnError): void;
  loginRoom(
    roomId: string,
    type: LoginPolicy | undefined,
    catchUp: CatchUp | undefined,
    onOk: OnOk<LoginNotice>,
    onError?: OnError,
  ): void;
  loginRoom(roomId: string, type?: LoginPolicy, catchUp?: CatchUp): Promise<LoginNotice>;
  loginRoom(roomId: string, ...rest: unknown[]) {
    const type = rest.find((one) => typeof one === "string") as LoginPolicy | undefined;
    return this.#request({ action: "loginRoom", roomId, type }, rest) as Promise<LoginNotice>;
  }

  /** Leaves a room. Fails with a DownlinkError: 2007 not possible, 3002 no answer in time, 3003 closed. */
  leaveRoom(roomId: string): Promise<Notice>;
  leaveRoom(roomId: string, onOk: OnOk, onError?: OnError): void;
  leaveRoom(roomId: string, ...rest: unknown[]) {
    return this.#request({ action: "leaveRoom", roomId }, rest) as Promise<Notice>;
  }

  /**
   * Sends a message to a room that the page is in, or to a person: all that both sides have open hear it. The page
   * hears its own message too, in its place among the others. Connects first if that is needed, and asks again after
   * a lost connection, always with the same `clientMessageId`: it is one message.
   *
   * Fails with a DownlinkError: 2012 not allowed or not possible, 3002 no answer in time, 3003 closed, 3005 larger than
   * 32 KB. A page that polls cannot publish: a WebSocket is tried at once, and if none opens it fails with 2012.
   *
   * @param data any JSON, as it is now: what is changed in it afterwards is not sent
   * @throws TypeError if `data` cannot be JSON; a promise rejects with it
   */
  publish(
    target: string | { toUser: string },
    eventName: string,
    data: unknown,
    options?: PublishOptions,
  ): Promise<PublishNotice>;
  publish(
    target: string | { toUser: string },
    eventName: string,
    data: unknown,
    onOk: OnOk<PublishNotice>,
    onError?: OnError,
  ): void;
  publish(
    target: string | { toUser: string },
    eventName: string,
    data: unknown,
    options: PublishOptions | undefined,
    onOk: OnOk<PublishNotice>,
    onError?: OnError,
  ): void;
  publish(target: string | { toUser: string }, eventName: string, data: unknown, ...rest: unknown[]) {
    const to = typeof target === "string" ? { roomId: target } : target;
    const { clock, random } = this.#options;
    const clientMessageId = `${clock.now()}-${random()}-${this.#lastRef}`;
    return this.#request(
      { action: "publish", ...to, eventName, data, clientMessageId },
      rest,
    ) as Promise<PublishNotice>;
  }

  /**
   * Reads the log of the conversation with a person: for a window that opens, the newest `history` (1 to 100) messages;
   * to go on, what is behind the number `after` of its `epoch`. Connects first if that is needed.
   *
   * What comes has `missed` (the messages, in order), the `epoch`, `upTo` (the number up to which that goes) and, if
   * there is more, `more`: go on behind `upTo`. `recovered: false`: `after` has left the log, begin anew by `history`.
   * What is said from now on is heard by `listen`, with the same `messageId`.
   *
   * Fails with a DownlinkError: 2014 not possible (a page that polls needs a WebSocket for it), 3002 no answer in time,
   * 3003 closed.
   */
  replay(
    conversation: { toUser: string },
    from: { history: number } | { epoch: string; after: number },
  ): Promise<ReplayNotice>;
  replay(
    conversation: { toUser: string },
    from: { history: number } | { epoch: string; after: number },
    onOk: OnOk<ReplayNotice>,
    onError?: OnError,
  ): void;
  replay(conversation: { toUser: string }, ...rest: unknown[]) {
    return this.#request({ action: "replay", ...conversation }, rest) as Promise<ReplayNotice>;
  }

  /**
   * Listens to an event of all rooms that the page is in, of its user and of everyone. May be called before the
   * login. Downlink's own notices are events too: a page that was evicted hears `loginRoomResp` with code 2005.
   *
   * @param eventName without one it is `downmsg`
   * @returns stops listening
   */
  listen<E extends SystemEventName>(
    eventName: E,
    listener: (data: SystemFrameOf<E>["data"], frame: SystemFrameOf<E>) => void,
  ): () => void;
  listen<Data = unknown>(eventName: string, listener: Listener<Data>): () => void;
  listen<Data = unknown>(listener: Listener<Data>): () => void;
  listen(nameOrListener: string | Listener<never>, listener?: (data: never, frame: never) => void): () => void {
    if (typeof nameOrListener === "function") return this.#listeners.add(defaultEventName, nameOrListener);
    if (typeof listener === "function") return this.#listeners.add(nameOrListener, listener);
    throw new TypeError(`listen("${nameOrListener}", listener): the listener should be a function`);
  }

  /** Closes the connection and gives up all rooms. `connect` and `loginRoom` begin anew; listeners stay. */
  disconnect(): void {
    this.#happen("close", false);
  }

  /** Closes for good: whatever waits fails with 3003, and so does everything asked later. */
  close(): void {
    this.#happen("close", true);
  }

  /** @param rest what the page gave behind the wish's own: maybe options, then maybe callbacks */
  #request(wish: Wish, rest: unknown[]) {
    const options = rest.find((one) => typeof one === "object") as object | undefined;
    const [onOk, onError] = rest.filter((one) => typeof one === "function") as [OnOk?, OnError?];
    return answer(
      (waiter) => {
        this.#lastRef += 1;
        // A copy: it may be sent later and more than once, always the same. What is no JSON is thrown here.
        const request: Request = JSON.parse(JSON.stringify({ ...wish, ...options, ref: this.#lastRef, sends: 0 }));
        this.#waiters.set(request.ref, waiter);
        this.#happen("request", request);
      },
      onOk,
      onError,
    );
  }

  /** What is done may call into the page, and the page back into this handle: what it asks happens next, not in between. */
  #happen(...event: Event): void {
    if (this.#events.push(event) > 1) return;
    for (const next of this.#events) void isolated(() => this.#take(next));
    this.#events.length = 0;
  }

  /** A frame that is not what its type says, or an effect that fails in the page's WebSocket, stops nothing else. */
  #take(event: Event): void {
    const after = step(this.#state, event);
    this.#state = after;
    for (const [action, ...args] of after.effects) {
      void isolated(this.#actions[action] as (...args: unknown[]) => void, ...args);
    }
  }

  readonly #actions: Actions = {
    open: () => {
      this.#stopWatching ??= watchForSuspicion(() => this.#happen("suspicion"));
      this.#polls = !!this.#options.pollUrl && this.#failures >= failuresBeforePoll;
      this.#connection = openConnection(this.#options, this.#polls, (...event) => this.#happen(...event));
    },
    drop: () => this.#connection?.close(),
    send: (frame) => this.#connection?.send(JSON.stringify(frame)),
    start: (timer, tries) =>
      this.#timers.start(`${timer}`, this.#msOf(timer[0], tries), (late) => {
        // It slept with its computer.
        if (late > 5_000) this.#happen("suspicion");
        this.#happen(...timer);
      }),
    stop: (timer) => this.#timers.stop(`${timer}`),
    answer: (ref, outcome) => {
      const waiter = this.#waiters.get(ref);
      this.#waiters.delete(ref);
      if (waiter) void tell(waiter, outcome);
    },
    attempt: (outcome) => {
      // Polls and tries for a WebSocket take turns: together they would take each other's places.
      if (this.#polls) this.#failures = failuresBeforePoll - 1;
      else this.#failures = outcome instanceof DownlinkError ? this.#failures + 1 : 0;
      const told = this.#connects;
      this.#connects = told.filter(({ isPromise }) => !isPromise);
      for (const waiter of told) void tell(waiter, outcome);
    },
    show: (frame) => this.#listeners.tell(frame),
    fetch: (message) => this.#fetch(message),
    leave: (roomId) => this.leaveRoom(roomId, () => {}),
    end: (failure) => this.#end(failure),
  };

  #end(failure: DownlinkError): void {
    this.#stopWatching?.();
    this.#stopWatching = undefined;
    this.#timers.stopAll();
    this.#payloads?.then(
      (payloads) => payloads.stop(),
      () => {},
    );
    this.#payloads = undefined;
    const waiting = [...this.#waiters.values(), ...this.#connects.filter(({ onOk }) => onOk)];
    this.#waiters.clear();
    this.#connects = [];
    for (const waiter of waiting) void tell(waiter, failure);
  }

  #fetch(message: MessageFrame): void {
    const scriptPauseMs = 5_000;
    const tell = (...fetched: [MessageFrame, PayloadLost?]) => this.#happen("fetched", ...fetched);
    this.#payloads ??= import("./transport/payload-fetcher.ts").then(
      ({ Payloads }) => new Payloads(this.#options, tell),
    );
    this.#payloads.then(
      (payloads) => payloads.fetch(message),
      () => {
        // The script itself did not come.
        this.#payloads = undefined;
        this.#timers.start(`${message.roomId} ${message.messageId}`, scriptPauseMs, () => tell(message));
      },
    );
  }

  #msOf(name: Timer[0], tries: number): number {
    /** How long arrived messages may be acked together. */
    const ackAfterMs = 250;
    if (name === "reconnect" || name === "resend") return pauseMs(tries, this.#options.random);
    if (name === "silence") return this.#options.heartbeatMs;
    // Rooms say within how long to ack: each page at a moment of its own, at which it does so again and again.
    if (name === "ack") {
      const { clock, random } = this.#options;
      this.#ackMoment ??= random() * 2 ** 32;
      return tries ? tries - ((clock.now() + this.#ackMoment) % tries) : ackAfterMs;
    }
    if (name === "gap") return gapMs(tries);
    return this.#options.requestTimeoutMs;
  }
}
