export type { CatchUp, MessageFrame, Position, ServerFrame } from "../protocol/frames.ts";
export type { LoginPolicy } from "../protocol/ids.ts";
export { clientCodes } from "./client-codes.ts";
export { DownlinkError, type DownlinkErrorCode, isDownlinkError } from "./downlink-error.ts";
export type { Fetch, SocketHandleOptions, WebSocketConstructor, WebSocketLike } from "./options.ts";
export {
  type Listener,
  type PublishOptions,
  SocketHandle,
  SocketHandle as default,
  type SystemEventName,
  type SystemFrameOf,
} from "./socket-handle.ts";
export type { LoginNotice, Notice, PublishNotice, ReplayNotice } from "./state.ts";
export type { Clock } from "./timers.ts";
export type { OnError, OnOk } from "./waiters.ts";
