import { defaultEventName } from "../protocol/codes.ts";
import type { CatchUp, MessageFrame, ServerFrame } from "../protocol/frames.ts";
import type { LoginPolicy } from "../protocol/ids.ts";
import type { RequestFrame } from "./core/events.ts";
import type { LoginNotice, Notice, PayloadLost, PublishNotice, ReplayNotice } from "./core/notices.ts";
import { resolveOptions, type SocketHandleOptions } from "./options.ts";
import { makeRuntime, type Runtime, type RuntimeOptions } from "./runtime/effects.ts";
import { type OnError, type OnOk, startCall } from "./runtime/pending-calls.ts";

type SystemFrame = Exclude<ServerFrame, MessageFrame> | PayloadLost;
/** Event names of Downlink's own notices, for `listen`. */
export type SystemEventName = Exclude<SystemFrame, { type: "probe" }>["eventName"];
/** The frame that a listener of such an event receives as its second argument. */
export type SystemFrameOf<E extends SystemEventName> = Extract<SystemFrame, { eventName: E }>;
/**
 * @param data what was pushed or published
 * @param message the whole message: its room, time, sender and ids
 */
export type Listener<Data = unknown> = (data: Data, message: MessageFrame) => void;

export interface PublishOptions {
  /**
   * 0: delivered at most once, without order, not kept in the log. 1: kept, delivered in order and exactly once. 2 is
   * accepted because MQTT has it, and means 1.
   *
   * @default 1
   */
  qos?: 0 | 1 | 2;
  /**
   * `true`: the event `delivered` reports when each receiver has the message.
   *
   * @default false
   */
  receipt?: boolean;
  /**
   * Id of the message, 1 to 128 characters. For one day, the same id means the same message: after a failure it is safe
   * to publish again with it.
   *
   * @default a new id
   */
  clientMessageId?: string;
}

/**
 * A page's connection to its Downlink server: logs in to rooms, calls listeners for messages, and publishes.
 *
 * After a lost connection it connects again, restores its memberships and delivers the missed messages.
 *
 * Methods return a promise if they are called without callbacks, and nothing otherwise. Failures are `DownlinkError`s.
 */
export class SocketHandle {
  static #defaults: Partial<SocketHandleOptions> = {};

  /** Sets options for all handles that are created afterwards. Options of the constructor take precedence. */
  static configure(defaults: Partial<SocketHandleOptions>): void {
    SocketHandle.#defaults = { ...SocketHandle.#defaults, ...defaults };
  }

  readonly #options: RuntimeOptions;
  readonly #runtime: Runtime;
  #published = 0;

  /** @throws DownlinkError 3004 if an option is invalid, or `url` or `token` is given neither here nor to `configure` */
  constructor(options: Partial<SocketHandleOptions> = {}) {
    this.#options = resolveOptions({ ...SocketHandle.#defaults, ...options });
    this.#runtime = makeRuntime(this.#options);
  }

  /**
   * Connects. Other methods call it when needed.
   *
   * The promise rejects with 3001 if the first attempt fails. `onError` is called for every attempt that fails, also after
   * a connection was lost. In both cases the handle keeps trying until it is closed.
   *
   * Errors: 3001 attempt failed, 3003 closed.
   */
  connect(): Promise<Notice>;
  connect(onOk: OnOk, onError?: OnError): void;
  connect(onOk?: OnOk, onError?: OnError): Promise<Notice> | undefined {
    return startCall((call) => this.#runtime.connect(call), onOk, onError);
  }

  /**
   * Logs in to a room. The membership survives lost connections.
   *
   * Calling it for a room you have already joined is safe: your position in the room's log does not change.
   *
   * Errors: 2003 invalid or not possible, 2004 refused by the policy, 2005 evicted immediately, 3002 timed out, 3003
   * closed.
   *
   * @param type who stays if the room is not empty. Default: `loginWhenFirst`
   * @param catchUp which messages of the room's log to deliver first: those after a position (`since`), those after the
   *   user's own position (`since: "last"`), or the latest 1 to 100 (`history`). Default: only new messages. Caution: the
   *   first ack of a page without `since` moves the user's own position to the latest message
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
    const type = rest.find((argument) => typeof argument === "string") as LoginPolicy | undefined;
    return this.#request({ action: "loginRoom", roomId, type }, rest) as Promise<LoginNotice>;
  }

  /** Leaves a room. Errors: 2007 invalid or not possible, 3002 timed out, 3003 closed. */
  leaveRoom(roomId: string): Promise<Notice>;
  leaveRoom(roomId: string, onOk: OnOk, onError?: OnError): void;
  leaveRoom(roomId: string, ...rest: unknown[]) {
    return this.#request({ action: "leaveRoom", roomId }, rest) as Promise<Notice>;
  }

  /**
   * Publishes a message to a room that the page has joined, or to a user. In a conversation with a user, all open pages
   * of both users receive it. This page receives its own message too, in its order among the others.
   *
   * The message is sent again after a lost connection, always with the same `clientMessageId`, so it is delivered once.
   *
   * Errors: 2012 not allowed or not possible, 3002 timed out (it may have been published), 3003 closed, 3005 larger than
   * 32 KB. Polling cannot publish: the client tries to open a WebSocket immediately, and fails with 2012 if it cannot.
   *
   * @param data any JSON value. It is copied, so later changes to it are not sent
   * @throws TypeError if `data` cannot be JSON. Without callbacks the promise rejects with it
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
    this.#published += 1;
    const clientMessageId = `${clock.now()}-${random()}-${this.#published}`;
    return this.#request(
      { action: "publish", ...to, eventName, data, clientMessageId },
      rest,
    ) as Promise<PublishNotice>;
  }

  /**
   * Reads messages of the conversation with a user: the latest 1 to 100 (`history`), or those after a position (`epoch`
   * and `after`).
   *
   * The result contains:
   *
   * - `missed`: the messages, in order
   * - `epoch` and `upTo`: the position up to which it reaches
   * - `more`: present if there are later messages. Call again with `after: upTo`
   * - `recovered`: `false` if the log no longer reaches back to `after`. Call again with `history`
   *
   * New messages of the conversation arrive at the listeners, with the same `messageId` as in a replay.
   *
   * Errors: 2014 not possible (while polling, a WebSocket is tried first), 3002 timed out, 3003 closed.
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
   * Adds a listener for the messages with an event name: those of all rooms that the page has joined, of its user, and
   * to everyone. It may be called before `loginRoom`.
   *
   * Downlink's own notices are events too. For example, `loginRoomResp` with code 2005 reports an eviction.
   *
   * @param eventName default: `downmsg`
   * @returns a function that removes the listener
   * @throws TypeError if the listener is not a function
   */
  listen<E extends SystemEventName>(
    eventName: E,
    listener: (data: SystemFrameOf<E>["data"], frame: SystemFrameOf<E>) => void,
  ): () => void;
  listen<Data = unknown>(eventName: string, listener: Listener<Data>): () => void;
  listen<Data = unknown>(listener: Listener<Data>): () => void;
  listen(nameOrListener: string | Listener<never>, listener?: (data: never, frame: never) => void): () => void {
    const { listeners } = this.#runtime;
    if (typeof nameOrListener === "function") return listeners.add(defaultEventName, nameOrListener);
    if (typeof listener === "function") return listeners.add(nameOrListener, listener);
    throw new TypeError(`listen("${nameOrListener}", listener): the listener should be a function`);
  }

  /**
   * Closes the connection and forgets all rooms. Pending calls fail with 3003. Listeners stay, and the handle can be
   * used again: `connect` and `loginRoom` start a new session.
   */
  disconnect(): void {
    this.#runtime.close(false);
  }

  /** Closes the handle permanently. Pending and later calls fail with 3003. */
  close(): void {
    this.#runtime.close(true);
  }

  /** @param rest the remaining arguments of the page: an optional object with further fields, then optional callbacks */
  #request(frame: RequestFrame, rest: unknown[]) {
    const options = rest.find((argument) => typeof argument === "object") as object | undefined;
    const [onOk, onError] = rest.filter((argument) => typeof argument === "function") as [OnOk?, OnError?];
    return startCall((call) => this.#runtime.request(call, { ...frame, ...options }), onOk, onError);
  }
}
