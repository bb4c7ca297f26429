import type { frameCodes } from "./codes.ts";
import type { LoginPolicy } from "./ids.ts";

/** Correlation id: the reply carries the `ref` of its request. A string of 1 to 64 characters, or an integer. */
export type Ref = string | number;

/** A position in a room's log. `seq` counts from 1 within an epoch; 0 is the position before the first message. */
export interface Position {
  epoch: string;
  seq: number;
}

/**
 * Catch-up options: the part of a room's log that a login receives first. At most one of the two is given. Default: none,
 * the membership starts at the latest message.
 */
export interface CatchUp {
  /** Receive everything after this position; `last`: after the user's resume point, which all devices share. */
  since?: Position | "last";
  /** Receive this number of newest messages, 1 to 100. */
  history?: number;
}

/** A membership that `hello` restores. `@all` and `@user` may be given as well, for their `since`. */
export interface RoomToRestore extends CatchUp {
  roomId: string;
  /** Default: `loginWhenFirst`. */
  type?: LoginPolicy;
  /** From the last 2002 of this room. A newer generation in the room means that the session was evicted meanwhile. */
  generation?: number;
}

/** Frames from client to server. API Gateway routes on `action`, so every literal is also a route key in lib/. */
export type ClientFrame = { ref?: Ref } & (
  | { action: "hello"; session?: string; rooms?: RoomToRestore[]; probe?: boolean; acks?: boolean }
  | ({ action: "loginRoom"; roomId: string; type?: LoginPolicy } & CatchUp)
  | { action: "leaveRoom"; roomId: string }
  | Publish
  /** Acknowledges everything of these rooms up to `seq`. `session` comes from `connetResp`. */
  | { action: "ack"; session?: string; rooms: ({ roomId: string } & Position)[]; receipts?: Receipt[] }
  | Replay
  | { action: "here"; nonce: string }
  | { action: "heartbeat" }
);
/** Publishes to a room, or to a user in the conversation of both: exactly one of `roomId` and `toUser` is given. */
export interface Publish {
  action: "publish";
  roomId?: string;
  /** Subject of the receiver. */
  toUser?: string;
  eventName: string;
  data: unknown;
  /** Idempotency key: within 24 hours, the same id is the same message. */
  clientMessageId: string;
  /** Default: 1. 2 means 1: see PROTOCOL.md. */
  qos?: 0 | 1 | 2;
  /** Whether the publisher receives a `delivered` frame. Default: false. */
  receipt?: boolean;
}
/**
 * Reads a part of a log: of a room, or of the conversation with `toUser`. Exactly one of `after` and `history` is given;
 * `history` only with `toUser`.
 */
export interface Replay {
  action: "replay";
  roomId?: string;
  toUser?: string;
  /** Epoch of `after`. */
  epoch?: string;
  /** Returns messages with a greater `seq`. */
  after?: number;
  /** Returns this number of newest messages, 1 to 100. */
  history?: number;
}
/** Names a message with `receipt` that has arrived. */
export interface Receipt {
  roomId: string;
  seq: number;
}
export type Action = ClientFrame["action"];
export type FrameOf<A extends Action> = Extract<ClientFrame, { action: A }>;

/**
 * How each action is handled.
 *
 * | value | handled by | reply |
 * | --- | --- | --- |
 * | `answered` | a Lambda function | in the route response |
 * | `posted` | a Lambda function | rarely, as a posted frame |
 * | `silent` | a Lambda function | none |
 * | `mock` | API Gateway alone | the mock integration's |
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
 * Result of a login or a restored membership, or an eviction.
 *
 * `roomId` is absent if the requested id is not a valid room id; in the response to a poll, which has no `ref`, only if
 * it is not a string.
 *
 * `generation` orders frames that arrive out of order: a 2005 ends the membership if its generation is newer than that
 * of the login; otherwise the membership continues.
 */
export type LoginFrame =
  | ({ type: "loggedIn"; eventName: "loginRoomResp"; data: Notice<"2002"> } & LoggedIn & Reply)
  | ({ type: "loginFailed"; eventName: "loginRoomResp"; data: Notice<"2003" | "2004">; roomId?: string } & Reply)
  | ({ type: "evicted"; eventName: "loginRoomResp"; data: Notice<"2005">; roomId: string; generation: number } & Reply);

/**
 * `epoch` and `seq`: the latest position of the room's log; the next message has `seq + 1`. The fields of `Missed` answer
 * catch-up options.
 */
interface LoggedIn extends Position, Partial<Missed> {
  roomId: string;
  generation: number;
}

/** A part of a room's log. */
export interface Missed {
  /** False if the log does not reach back to the requested position; `missed` is then empty. */
  recovered: boolean;
  /** All messages up to `upTo`, in order. Absent numbers hold nothing for this member. */
  missed: MessageFrame[];
  upTo: number;
  /** The log holds further messages: continue with `replay` after `upTo`. */
  more?: true;
}

/** Frames from server to client. `type` discriminates them; pages listen to `eventName` and receive `data`. */
export type ServerFrame =
  | MessageFrame
  | LoginFrame
  | ({
      type: "connected";
      eventName: "connetResp";
      data: Notice<"2001">;
      /** Secret of this page. Its next `hello` gives it to restore the memberships. */
      session: string;
      rooms: LoginFrame[];
    } & Reply)
  | ({ type: "helloFailed"; eventName: "connetResp"; data: Notice<"2009"> } & Reply)
  | ({ type: "left"; eventName: "leaveRoomResp"; data: Notice<"2006">; roomId: string } & Reply)
  | ({ type: "leaveFailed"; eventName: "leaveRoomResp"; data: Notice<"2007">; roomId?: string } & Reply)
  | PublishFrame
  /** Reply to `replay`. Without `ref`: a redelivery, or coalesced messages. */
  | ({ type: "replayed"; eventName: "replayResp"; data: Notice<"2011">; roomId: string; epoch: string } & Missed &
      Reply)
  | ({ type: "replayFailed"; eventName: "replayResp"; data: Notice<"2014"> } & Reply)
  /** The ack window of these rooms was exceeded: request the rest by `replay`. */
  | ({ type: "behind"; eventName: "ackResp"; data: Notice<"2013">; rooms: string[] } & Reply)
  /** Receipt. `at`: milliseconds since 1970. */
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

/** Location of `data` that does not fit into a frame. It is JSON in UTF-8. */
export interface PayloadLink {
  /** To be requested without additional headers. Valid for at most 15 minutes; every frame brings a new one. */
  url: string;
  /** In hexadecimal digits. */
  sha256: string;
  bytes: number;
}

/**
 * A pushed or published message. `epoch` and `seq` are its position in the room's log, absent at `qos` 0.
 *
 * | room | `roomId` |
 * | --- | --- |
 * | application room | its id |
 * | everyone | absent |
 * | the receiver's own room | `@user` |
 * | conversation, in a replay | the conversation's id |
 */
export interface MessageFrame extends Partial<Position> {
  type: "message";
  eventName: string;
  /** Absent if `payload` is present. */
  data?: unknown;
  payload?: PayloadLink;
  roomId?: string;
  messageId: string;
  /** Time at which the push was accepted, in milliseconds since 1970. */
  at: number;
  qos: 0 | 1;
  /**
   * The message goes to many members: ack it at a random time within this number of milliseconds, and the room at most
   * once in that time. Absent: there is no such limit.
   */
  ackWithinMs?: number;
  /** Subject of the publisher; absent for a push. */
  from?: string;
  /** Id of the conversation: `<smaller>_<larger>` of the two subjects. */
  conversation?: string;
  /** The sender requests a receipt: name the message in the next `ack`. */
  receipt?: true;
}
