import type { ClientFrame, FrameOf, ServerFrame } from "../protocol/frames.ts";
import type { Failure } from "./downlink-error.ts";
import type { Room } from "./room.ts";
import type { Stream } from "./stream.ts";

/** Code and text, as pages know them. */
export interface Notice {
  code: string;
  msg: string;
}

/** A login that went well. */
export interface LoginNotice extends Notice {
  /**
   * Only if it was asked what was missed: whether all of that comes. If not, the page has to fetch anew what it shows
   * of the room; what comes from now on is complete again.
   */
  recovered?: boolean;
}

/** A message that was published. */
export interface PublishNotice extends Notice {
  clientMessageId: string;
  messageId: string;
  /** Its place in the room's log; absent at `qos` 0. */
  epoch?: string;
  seq?: number;
  /** Only of a message to a person: under this id both sides see their conversation. */
  conversation?: string;
}

/** What the page asks of the server. */
export type Wish = FrameOf<"loginRoom"> | FrameOf<"leaveRoom"> | FrameOf<"publish">;
/** A wish that the page has not heard about yet. `sends` counts on this connection. */
export type Request = Wish & { ref: number; sends: number };

/** The connection. `attempt` counts from 1 since the last one that worked. */
export type Link =
  | { at: "idle" }
  | { at: "closed" }
  | { at: "waiting"; attempt: number }
  | { at: "opening"; attempt: number }
  /** `rest`: rooms that the `hello` under way had no space for. */
  | { at: "greeting"; attempt: number; rest: readonly string[] }
  /** `isAsked`: a heartbeat waits for a sign of life. */
  | { at: "open"; isAsked: boolean };

export interface State {
  link: Link;
  session: string | undefined;
  /** Rooms that the page is in or that a login on its way is about. */
  rooms: ReadonlyMap<string, Room>;
  /** In the order in which they were asked. */
  requests: ReadonlyMap<number, Request>;
  /** How far the page is in each room's log, also in those of `@all` and `@user`. */
  streams: ReadonlyMap<string, Stream>;
  /** How many messages arrived since the last ack. */
  unacked: number;
  /** What went wrong last, until a connection works again. */
  trouble: Failure | undefined;
}

/**
 * `deadline`: for a sign of life. `resend`: after trouble. `gap`: something is missing in that room. A number: a
 * request's time limit, by its `ref`.
 */
export type Timer = "reconnect" | "deadline" | "silence" | "resend" | "ack" | `gap ${string}` | number;

export type Event =
  | { on: "connect" }
  | { on: "request"; request: Request }
  | { on: "opened" }
  | { on: "lost"; msg: string; cause?: unknown }
  | { on: "frame"; frame: ServerFrame }
  /** API Gateway failed to handle a frame; it does not say which. */
  | { on: "trouble"; msg: string }
  | { on: "elapsed"; timer: Timer }
  /** Something happened after which connections often are dead. */
  | { on: "suspicion" }
  | { on: "close"; forGood: boolean };

export type Effect =
  | { do: "open" }
  /** Forget the connection, and with it the timers that watch it. */
  | { do: "drop" }
  | { do: "send"; frame: ClientFrame }
  /** `tries`: how often it was in vain so far, for timers that grow. */
  | { do: "start"; timer: Timer; tries: number }
  | { do: "stop"; timer: Timer }
  | { do: "resolve"; ref: number; notice: LoginNotice | PublishNotice }
  | { do: "reject"; ref: number; failure: Failure }
  | { do: "connected"; notice: Notice }
  | { do: "attemptFailed"; failure: Failure }
  | { do: "show"; frame: ServerFrame }
  | { do: "leave"; roomId: string }
  /** Drop everything that still runs or waits. */
  | { do: "end"; failure: Failure };

export type Step = readonly [State, readonly Effect[]];

export const initialState: State = {
  link: { at: "idle" },
  session: undefined,
  rooms: new Map(),
  requests: new Map(),
  streams: new Map(),
  unacked: 0,
  trouble: undefined,
};

/** One step after another; effects in order. */
export function andThen([state, effects]: Step, next: (state: State) => Step): Step {
  const [after, more] = next(state);
  return [after, [...effects, ...more]];
}

export function withEntry<K, V>(map: ReadonlyMap<K, V>, key: K, value: V): ReadonlyMap<K, V> {
  return new Map(map).set(key, value);
}

export function without<K, V>(map: ReadonlyMap<K, V>, key: K): ReadonlyMap<K, V> {
  const rest = new Map(map);
  rest.delete(key);
  return rest;
}
