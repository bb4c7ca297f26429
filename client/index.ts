export type { MessageFrame, ServerFrame } from "../protocol/frames.ts";
export type { LoginPolicy } from "../protocol/ids.ts";
export { clientCodes } from "./client-codes.ts";
export { DownlinkError, type DownlinkErrorCode, isDownlinkError } from "./downlink-error.ts";
export type { SocketHandleOptions, WebSocketConstructor, WebSocketLike } from "./options.ts";
export {
  type Listener,
  SocketHandle,
  SocketHandle as default,
  type SystemEventName,
  type SystemFrameOf,
} from "./socket-handle.ts";
export type { Notice } from "./state.ts";
export type { Clock } from "./timers.ts";
export type { OnError, OnOk } from "./waiters.ts";
