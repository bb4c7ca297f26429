export type { CatchUp, MessageFrame, Position, ServerFrame } from "../protocol/frames.ts";
export type { LoginPolicy } from "../protocol/ids.ts";
export { clientCodes } from "./core/client-codes.ts";
export { DownlinkError, type DownlinkErrorCode, isDownlinkError } from "./core/downlink-error.ts";
export type { LoginNotice, Notice, PublishNotice, ReplayNotice } from "./core/notices.ts";
export type { SocketHandleOptions } from "./options.ts";
export type { Clock } from "./platform/clock.ts";
export type { Fetch } from "./platform/fetch.ts";
export type { WebSocketConstructor, WebSocketLike } from "./platform/web-socket.ts";
export type { OnError, OnOk } from "./runtime/pending-calls.ts";
export {
  type Listener,
  type PublishOptions,
  SocketHandle,
  SocketHandle as default,
  type SystemEventName,
  type SystemFrameOf,
} from "./socket-handle.ts";
