import type { ClientFrame, FrameOf, MessageFrame, Missed, ServerFrame } from "../../protocol/frames.ts";
import type { clientCodes } from "./client-codes.ts";
import type { DownlinkError } from "./downlink-error.ts";
import type { Stream } from "./reorder-buffer.ts";
import type { Room } from "./room.ts";

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

/** A part of a conversation's log; in the words of PROTOCOL.md. */
export interface ReplayNotice extends Notice, Missed {
  /** The conversation's id. */
  roomId: string;
  epoch: string;
}

/** What became of something that was asked. */
export type Outcome = Notice | LoginNotice | PublishNotice | ReplayNotice | DownlinkError;

/** A message whose payload nobody can bring any more: the page hears of it as `errorResp`, in the message's place. */
export interface PayloadLost {
  type: "payloadLost";
  eventName: "errorResp";
  data: { code: (typeof clientCodes)["payloadLost"]; msg: string };
  /** Absent for everyone. */
  roomId?: string | undefined;
  messageId: string;
}

/** What the page asks of the server. */
export type Wish = FrameOf<"loginRoom"> | FrameOf<"leaveRoom"> | FrameOf<"publish"> | FrameOf<"replay">;
/** A wish that the page has not heard about yet. `sends` counts on this connection. */
export type Request = Wish & { ref: number; sends: number };

/** The connection: none, none for ever, the next attempt waits, under way, asks its rooms back, works. */
export type Link = "idle" | "closed" | "waiting" | "opening" | "greeting" | "open";

export interface State {
  readonly link: Link;
  /** Attempts to connect that failed since the last one that worked. */
  readonly failures: number;
  /** `greeting`: so many hellos are still to be answered. */
  readonly hellos: number;
  /** `open`: a heartbeat waits for a sign of life. */
  readonly isAsked?: boolean;
  readonly session: string | undefined;
  /** Rooms that the page is in or that a login on its way is about. */
  readonly rooms: ReadonlyMap<string, Room>;
  /** In the order in which they were asked. */
  readonly requests: ReadonlyMap<number, Request>;
  /** How far the page is in each room's log, also in those of `@all` and `@user`. */
  readonly streams: ReadonlyMap<string, Stream>;
  /** The timer of acks runs. */
  readonly willAck?: boolean;
  /** What went wrong last, until a connection or a request works again. */
  readonly trouble: DownlinkError | undefined;
}

/** What happens when its time has come. */
interface Elapsing {
  reconnect(): void;
  /** No sign of life came. */
  deadline(): void;
  /** Nothing arrived for long. */
  silence(): void;
  /** The pause after trouble is over. */
  resend(): void;
  /** Of rooms whose members ack within so long; 0: as soon as they like. */
  ack(mostMs: number): void;
  /** Something is still missing in that room. */
  gap(roomId: string): void;
  /** A request's time limit. */
  timeOut(ref: number): void;
}
/** What may happen to a client. */
interface Events extends Elapsing {
  connect(): void;
  request(request: Request): void;
  opened(): void;
  lost(msg: string, cause?: unknown): void;
  frame(frame: ServerFrame): void;
  /** API Gateway failed to handle a frame; it does not say which. */
  trouble(msg: string): void;
  /** A payload was fetched, or could not be. See `onFetched`. */
  fetched(message: MessageFrame, lost?: PayloadLost): void;
  /** Something happened after which connections often are dead. */
  suspicion(): void;
  close(forGood: boolean): void;
}
/** What is to be done about it. */
export interface Actions {
  open(): void;
  /** Forget the connection. Timers that watched it find another one or none, and mean nothing. */
  drop(): void;
  send(frame: ClientFrame): void;
  /** `tries`: how often it was in vain so far, for timers that grow. */
  start(timer: Timer, tries: number): void;
  stop(timer: Timer): void;
  /** To a request. */
  answer(ref: number, outcome: Outcome): void;
  /** What an attempt to connect came to. */
  attempt(outcome: Outcome): void;
  show(frame: ServerFrame | PayloadLost): void;
  /** Bring what the message's `payload` says, unless that is under way; `fetched` follows. */
  fetch(message: MessageFrame): void;
  leave(roomId: string): void;
  /** Drop everything that still runs or waits. */
  end(failure: DownlinkError): void;
}
type Calls<T extends Record<keyof T, (...args: never[]) => void>> = {
  [Name in keyof T]: [name: Name, ...args: Parameters<T[Name]>];
};
export type Event = Calls<Events>[keyof Events];
/** An event that happens later. */
export type Timer = Calls<Elapsing>[keyof Elapsing];
export type Effect = Calls<Actions>[keyof Actions];
export type Handlers = { [Name in keyof Events]: (draft: Draft, ...args: Parameters<Events[Name]>) => void };

/** A state under change, with what is to be done about it, in order. */
export interface Draft extends State {
  link: Link;
  failures: number;
  hellos: number;
  isAsked?: boolean;
  session: string | undefined;
  rooms: Map<string, Room>;
  requests: Map<number, Request>;
  streams: Map<string, Stream>;
  willAck?: boolean;
  trouble: DownlinkError | undefined;
  effects: Effect[];
}

export const initialState: State = {
  link: "idle",
  session: undefined,
  trouble: undefined,
  failures: 0,
  hellos: 0,
  rooms: new Map(),
  requests: new Map(),
  streams: new Map(),
};

export const draftOf = (state: State): Draft => ({
  ...state,
  rooms: new Map(state.rooms),
  requests: new Map(state.requests),
  streams: new Map(state.streams),
  effects: [],
});

export const plan = (draft: Draft, ...effect: Effect) => void draft.effects.push(effect);
export const send = (draft: Draft, frame: ClientFrame) => plan(draft, "send", frame);
export const show = (draft: Draft, frame: ServerFrame | PayloadLost) => plan(draft, "show", frame);
export const stop = (draft: Draft, ...timer: Timer) => plan(draft, "stop", timer);
/** @param tries how often it was in vain so far */
export const startAgain = (draft: Draft, tries: number, ...timer: Timer) => plan(draft, "start", timer, tries);
export const start = (draft: Draft, ...timer: Timer) => startAgain(draft, 0, ...timer);
