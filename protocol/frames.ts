import type { frameCodes } from "./codes.ts";
import type { LoginPolicy } from "./ids.ts";

/** Given back in the reply, so that a client can tell replies apart. */
export type Ref = string | number;

/** A place in a room's log. */
export interface Position {
  epoch: string;
  seq: number;
}

/** How much of a room's log a login wants to have first; without it, only what comes from now on. */
export interface CatchUp {
  /** Everything after this; `last`: after what this subject had, on whatever device. */
  since?: Position | "last";
  /** The newest so many messages. */
  history?: number;
}

/**
 * A room that `hello` restores; `@all` and `@user` too, for their `since`. `generation` is that of its last 2002: a
 * newer one means it was evicted meanwhile.
 */
export interface RoomToRestore extends CatchUp {
  roomId: string;
  type?: LoginPolicy;
  generation?: number;
}

/** Client → server. API Gateway routes on `action`, so every literal is also a route key in lib/. */
export type ClientFrame = { ref?: Ref } & (
  | { action: "hello"; session?: string; rooms?: RoomToRestore[]; probe?: boolean; acks?: boolean }
  | ({ action: "loginRoom"; roomId: string; type?: LoginPolicy } & CatchUp)
  | { action: "leaveRoom"; roomId: string }
  | Publish
  /** Has everything of these rooms up to `seq`. `session` is that of `connetResp`. */
  | { action: "ack"; session?: string; rooms: ({ roomId: string } & Position)[]; receipts?: Receipt[] }
  | Replay
  | { action: "here"; nonce: string }
  | { action: "heartbeat" }
);
/** To a room or to a person, whose two sides are then a conversation. `qos` 2 means 1: see PROTOCOL.md. */
export interface Publish {
  action: "publish";
  roomId?: string;
  toUser?: string;
  eventName: string;
  data: unknown;
  /** The same id twice within a day is one message. */
  clientMessageId: string;
  qos?: 0 | 1 | 2;
  receipt?: boolean;
}
/** Asks for what is behind `after` in a room's log, or in that of a conversation; or for a conversation's newest messages. */
export interface Replay {
  action: "replay";
  roomId?: string;
  toUser?: string;
  epoch?: string;
  after?: number;
  history?: number;
}
/** A message with `receipt` that has arrived. */
export interface Receipt {
  roomId: string;
  seq: number;
}
export type Action = ClientFrame["action"];
export type FrameOf<A extends Action> = Extract<ClientFrame, { action: A }>;

/**
 * How each action travels: answered by a Lambda's route response; handled by a Lambda, whose rare answer is a `posted`
 * frame of its own; handled without an answer (`silent`); or answered by API Gateway alone (`mock`).
 */
export const routes = {
  hello: "answered",
  loginRoom: "answered",
  leaveRoom: "answered",
  publish: "answered",
  ack: "posted",
  replay: "answered",
  here: "silent",
  heartbeat: "mock",
} as const satisfies Record<Action, "answered" | "posted" | "silent" | "mock">;

type Code = (typeof frameCodes)[keyof typeof frameCodes];
interface Notice<C extends Code = Code> {
  code: C;
  msg: string;
}
interface Reply {
  ref?: Ref;
}

/**
 * `roomId` is absent where the asked id is not one; in a poll, which has no `ref`, only where it is no text.
 * `generation` orders what may arrive out of order: whoever logged in with an older generation than that of a
 * 2005 is out, whoever has the same or a newer one is in.
 */
export type LoginFrame =
  | ({ type: "loggedIn"; eventName: "loginRoomResp"; data: Notice<"2002"> } & LoggedIn & Reply)
  | ({ type: "loginFailed"; eventName: "loginRoomResp"; data: Notice<"2003" | "2004">; roomId?: string } & Reply)
  | ({ type: "evicted"; eventName: "loginRoomResp"; data: Notice<"2005">; roomId: string; generation: number } & Reply);

/**
 * `epoch` and `seq`: where the room's log stood; what comes next has `seq + 1`. The rest answers a wish to catch up.
 */
interface LoggedIn extends Position, Partial<Missed> {
  roomId: string;
  generation: number;
}

/**
 * A part of a room's log. Everything up to `upTo` is in `missed`, in order; numbers that are not there hold nothing any
 * more. `more`: go on with `replay` after `upTo`. `recovered: false`: the log does not reach back, nothing is in it.
 */
export interface Missed {
  recovered: boolean;
  missed: MessageFrame[];
  upTo: number;
  more?: true;
}

/** Server → client. `type` tells frames apart; `eventName` and `data` are what pages listen to. */
export type ServerFrame =
  | MessageFrame
  | LoginFrame
  | ({
      type: "connected";
      eventName: "connetResp";
      data: Notice<"2001">;
      /** Secret of this page's life: show it in the next `hello` to get the same places back. */
      session: string;
      rooms: LoginFrame[];
    } & Reply)
  | ({ type: "helloFailed"; eventName: "connetResp"; data: Notice<"2009"> } & Reply)
  | ({ type: "left"; eventName: "leaveRoomResp"; data: Notice<"2006">; roomId: string } & Reply)
  | ({ type: "leaveFailed"; eventName: "leaveRoomResp"; data: Notice<"2007">; roomId?: string } & Reply)
  | PublishFrame
  /** Answer to `replay`; unasked, a redelivery of what was not acked. */
  | ({ type: "replayed"; eventName: "replayResp"; data: Notice<"2011">; roomId: string; epoch: string } & Missed &
      Reply)
  | ({ type: "replayFailed"; eventName: "replayResp"; data: Notice<"2014"> } & Reply)
  /** More waits in the logs of these rooms than may be under way unacked: ask `replay`. */
  | ({ type: "behind"; eventName: "ackResp"; data: Notice<"2013">; rooms: string[] } & Reply)
  | { type: "delivered"; eventName: "delivered"; data: { messageId: string; subject: string; at: number } }
  | { type: "heartbeat"; eventName: "heartbeatResp"; data: Notice<"2008"> }
  | { type: "probe"; eventName: "probe"; data: Record<string, never>; nonce: string }
  | ({ type: "refused"; eventName: "errorResp"; data: Notice<"4001" | "4002" | "4003" | "5001"> } & Reply);

/** Reply to `publish`. `epoch` and `seq` are absent at `qos` 0. */
export type PublishFrame =
  | ({
      type: "published";
      eventName: "publishResp";
      data: Notice<"2010">;
      clientMessageId: string;
      messageId: string;
      roomId?: string;
      conversation?: string;
    } & Partial<Position> &
      Reply)
  | ({ type: "publishFailed"; eventName: "publishResp"; data: Notice<"2012">; clientMessageId?: string } & Reply);

/**
 * Where the `data` of a message is that no frame can carry: JSON, to be fetched without any header of one's own.
 *
 * `url` is good for a quarter of an hour or less; every frame brings a new one. `sha256` is in hexadecimal digits.
 */
export interface PayloadLink {
  url: string;
  sha256: string;
  bytes: number;
}

/**
 * A pushed message. `roomId` is absent for everyone and `@user` for the receiver's own room; where a conversation is
 * replayed, it is the conversation's id. `epoch` and `seq` place it in that log and are absent at `qos` 0.
 */
export interface MessageFrame extends Partial<Position> {
  type: "message";
  eventName: string;
  /** Absent while `payload` says where it is. */
  data?: unknown;
  payload?: PayloadLink;
  roomId?: string;
  messageId: string;
  /** When the push was accepted, milliseconds since 1970. */
  at: number;
  qos: 0 | 1;
  /**
   * Many get this at once: ack it at a random moment within so many milliseconds, and the room once in that time. Absent:
   * as soon as you like.
   */
  ackWithinMs?: number;
  /** Subject of who published it; a service has none. */
  from?: string;
  /** `<smaller>_<larger>` of the two subjects that it is between. */
  conversation?: string;
  /** The sender wants to know when it has arrived: name it in the next `ack`. */
  receipt?: true;
}
