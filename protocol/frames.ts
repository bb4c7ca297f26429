import type { frameCodes } from "./codes.ts";
import type { LoginPolicy } from "./ids.ts";

/** Given back in the reply, so that a client can tell replies apart. */
export type Ref = string | number;

/** A room that `hello` restores. `generation` is that of its last 2002: a newer one means it was evicted meanwhile. */
export interface RoomToRestore {
  roomId: string;
  type?: LoginPolicy;
  generation?: number;
}

/** Client → server. API Gateway routes on `action`, so every literal is also a route key in lib/. */
export type ClientFrame = { ref?: Ref } & (
  | { action: "hello"; session?: string; rooms?: RoomToRestore[]; probe?: boolean }
  | { action: "loginRoom"; roomId: string; type?: LoginPolicy }
  | { action: "leaveRoom"; roomId: string }
  | { action: "here"; nonce: string }
  | { action: "heartbeat" }
);
export type Action = ClientFrame["action"];
export type FrameOf<A extends Action> = Extract<ClientFrame, { action: A }>;

/** How each action travels: answered by a Lambda, handled by one without an answer, or answered by API Gateway alone. */
export const routes = {
  hello: "answered",
  loginRoom: "answered",
  leaveRoom: "answered",
  here: "silent",
  heartbeat: "mock",
} as const satisfies Record<Action, "answered" | "silent" | "mock">;

type Code = (typeof frameCodes)[keyof typeof frameCodes];
interface Notice<C extends Code = Code> {
  code: C;
  msg: string;
}
interface Reply {
  ref?: Ref;
}

/**
 * `roomId` is absent where the asked id is not one.
 * `generation` orders what may arrive out of order: whoever logged in with an older generation than that of a
 * 2005 is out, whoever has the same or a newer one is in.
 */
export type LoginFrame =
  | ({ type: "loggedIn"; eventName: "loginRoomResp"; data: Notice<"2002"> } & LoggedIn & Reply)
  | ({ type: "loginFailed"; eventName: "loginRoomResp"; data: Notice<"2003" | "2004">; roomId?: string } & Reply)
  | ({ type: "evicted"; eventName: "loginRoomResp"; data: Notice<"2005">; roomId: string; generation: number } & Reply);

/** `epoch` and `seq`: where the room's log stood; what comes next has `seq + 1`. */
interface LoggedIn {
  roomId: string;
  generation: number;
  epoch: string;
  seq: number;
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
  | { type: "heartbeat"; eventName: "heartbeatResp"; data: Notice<"2008"> }
  | { type: "probe"; eventName: "probe"; data: Record<string, never>; nonce: string }
  | ({ type: "refused"; eventName: "errorResp"; data: Notice<"4001" | "4002" | "4003" | "5001"> } & Reply);

/** A pushed message. `roomId` is absent for everyone; `epoch` and `seq` place it in its room's log. */
export interface MessageFrame {
  type: "message";
  eventName: string;
  data: unknown;
  roomId?: string;
  epoch: string;
  seq: number;
  messageId: string;
  /** When the push was accepted, milliseconds since 1970. */
  at: number;
  qos: 1;
}
