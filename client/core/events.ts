import type { ClientFrame, FrameOf, MessageFrame, ServerFrame } from "../../protocol/frames.ts";
import type { DownlinkError } from "./downlink-error.ts";
import type { LoginNotice, Notice, PayloadLost, PublishNotice, ReplayNotice } from "./notices.ts";

/** Result of a request or of an attempt to connect. */
export type Outcome = Notice | LoginNotice | PublishNotice | ReplayNotice | DownlinkError;

/** The frames that a page sends by calling a method of its handle. */
export type RequestFrame = FrameOf<"loginRoom"> | FrameOf<"leaveRoom"> | FrameOf<"publish"> | FrameOf<"replay">;
/** A request without a result yet. `sends`: how often it was sent on this connection. */
export type Request = RequestFrame & { ref: number; sends: number };

/** Timers, by the event that happens when they elapse. */
interface TimerEvents {
  /** The backoff before the next attempt to connect is over. */
  reconnect(): void;
  /** The server did not send anything in time. */
  deadline(): void;
  /** Nothing arrived for `heartbeatMs`. */
  idle(): void;
  /** The backoff after an error of API Gateway is over. */
  resend(): void;
  /** Acks are due for rooms with `ackWithinMs` up to `maxMs`. 0: only for rooms without it. */
  ack(maxMs: number): void;
  /** A gap in the room's log has stayed open for a while. */
  gap(roomId: string): void;
  /** The time limit of a request is over. */
  timeout(ref: number): void;
}

interface Events extends TimerEvents {
  connect(): void;
  request(request: Request): void;
  /** The transport is open. */
  opened(): void;
  /** The transport closed, or could not be opened. */
  lost(msg: string, cause?: unknown): void;
  frame(frame: ServerFrame): void;
  /** API Gateway failed to handle a frame. Its error does not name the frame. */
  gatewayError(msg: string): void;
  /** An attempt to fetch a payload ended: see `onFetched`. */
  fetched(message: MessageFrame, lost?: PayloadLost): void;
  /** The connection may be dead, for example after the device slept. */
  wake(): void;
  close(isPermanent: boolean): void;
}

/** What the reducer asks the runtime to do. */
interface Effects {
  /** Opens a transport; `opened` or `lost` follows. */
  open(): void;
  /** Closes the transport. Timers of the connection may still elapse: the reducer ignores them. */
  drop(): void;
  send(frame: ClientFrame): void;
  /** `attempts`: how many failed so far, for timers with a backoff. */
  start(timer: Timer, attempts: number): void;
  stop(timer: Timer): void;
  /** Hands the outcome of a request to its caller. */
  settle(ref: number, outcome: Outcome): void;
  /** Reports the outcome of an attempt to connect. */
  attempted(outcome: Outcome): void;
  /** Calls the page's listeners. */
  notify(frame: ServerFrame | PayloadLost): void;
  /** Fetches the message's payload, unless that is already under way; `fetched` follows. */
  fetch(message: MessageFrame): void;
  /** Sends a `leaveRoom` that the page did not call. Listeners of `leaveRoomResp` receive its response. */
  leave(roomId: string): void;
  /** Stops all timers and fails all pending calls. */
  end(failure: DownlinkError): void;
}

type Methods<T> = { [Name in keyof T]: (...args: never[]) => void };
type Calls<T extends Methods<T>> = { [Name in keyof T]: [name: Name, ...args: Parameters<T[Name]>] };

export type Event = Calls<Events>[keyof Events];
export type Timer = Calls<TimerEvents>[keyof TimerEvents];
export type Effect = Calls<Effects>[keyof Effects];
/** One function for each effect. */
export type EffectHandlers = Effects;
/** One function for each event, with the subject of the change as the first argument. */
export type EventHandlers<Subject> = {
  [Name in keyof Events]: (subject: Subject, ...args: Parameters<Events[Name]>) => void;
};
/** Reports an event to the client's reducer. */
export type Dispatch = (...event: Event) => void;
