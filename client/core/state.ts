import type { ClientFrame, ServerFrame } from "../../protocol/frames.ts";
import type { DownlinkError } from "./downlink-error.ts";
import type { Effect, Request, Timer } from "./events.ts";
import type { PayloadLost } from "./notices.ts";
import type { ReorderBuffer } from "./reorder-buffer.ts";
import type { Room } from "./room.ts";

/**
 * State of the connection:
 *
 * - `idle`: none is wanted
 * - `closed`: none will ever be opened
 * - `backoff`: waits for the next attempt
 * - `opening`: an attempt is under way
 * - `restoring`: the transport is open, and the responses to `hello` are pending
 * - `open`: in use
 */
export type Link = "idle" | "closed" | "backoff" | "opening" | "restoring" | "open";

export interface State {
  readonly link: Link;
  /** Attempts to connect that failed since the last connection. */
  readonly failures: number;
  /** Responses to `hello` that are pending. */
  readonly hellos: number;
  /** A heartbeat was sent, and nothing has arrived since. */
  readonly isProbing?: boolean;
  readonly session: string | undefined;
  /** Rooms of which the page is a member or to which it is logging in. */
  readonly rooms: ReadonlyMap<string, Room>;
  /** Pending requests by `ref`, the oldest first. */
  readonly requests: ReadonlyMap<number, Request>;
  /** Reorder buffers by room, those of `@all` and `@user` included. */
  readonly buffers: ReadonlyMap<string, ReorderBuffer>;
  /** The timer `ack` of the rooms without `ackWithinMs` runs. */
  readonly willAck?: boolean;
  /** The latest failure. A connection or a request that succeeds clears it. */
  readonly lastError: DownlinkError | undefined;
}

/** The next state while the reducer computes it, and the effects in the order in which they are to happen. */
export interface Draft extends State {
  link: Link;
  failures: number;
  hellos: number;
  isProbing?: boolean;
  session: string | undefined;
  rooms: Map<string, Room>;
  requests: Map<number, Request>;
  buffers: Map<string, ReorderBuffer>;
  willAck?: boolean;
  lastError: DownlinkError | undefined;
  effects: Effect[];
}

export const initialState: State = {
  link: "idle",
  session: undefined,
  lastError: undefined,
  failures: 0,
  hellos: 0,
  rooms: new Map(),
  requests: new Map(),
  buffers: new Map(),
};

export const draftOf = (state: State): Draft => ({
  ...state,
  rooms: new Map(state.rooms),
  requests: new Map(state.requests),
  buffers: new Map(state.buffers),
  effects: [],
});

/** Adds an effect. */
export const emit = (draft: Draft, ...effect: Effect) => void draft.effects.push(effect);
export const send = (draft: Draft, frame: ClientFrame) => emit(draft, "send", frame);
export const notify = (draft: Draft, frame: ServerFrame | PayloadLost) => emit(draft, "notify", frame);
export const stopTimer = (draft: Draft, ...timer: Timer) => emit(draft, "stop", timer);
export const startTimer = (draft: Draft, ...timer: Timer) => startBackoff(draft, 0, ...timer);
/** @param attempts how many failed so far: the timer takes longer after each of them */
export const startBackoff = (draft: Draft, attempts: number, ...timer: Timer) => emit(draft, "start", timer, attempts);
