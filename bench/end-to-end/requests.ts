import type { Moments } from "./steps.ts";

/** Where clients connect and pushes go. */
export interface Endpoints {
  webSocketUrl: string;
  pushUrl: string;
  /** That of the REST API, if it wants one. */
  apiKey?: string;
  /** With which clients sign tokens, if they need one. Without it they speak Socket.IO. */
  tokenSecret?: string;
}

/** What a server is told; it answers each. */
export type ServerOrder =
  /** All clients are there: each room gets so many of them. Answered when they are in. */
  | { kind: "seat"; rooms: readonly number[] }
  /** A push comes now. */
  | { kind: "watch" }
  /** Answered by `Seen`. */
  | { kind: "tell" };

/** What a server saw since it was told to watch. */
export interface Seen {
  moments: Moments;
  /** Of all its threads. */
  cpuMs: number;
  /** Of its main thread: in the stack that is all but the functions. */
  mainCpuMs: number;
}

/** What the process with the clients is told; it answers each. */
export type ClientsOrder =
  | { kind: "open"; server: Endpoints; clients: number }
  /** Answered at once, and by `Arrival` when so many clients got a frame with this text. */
  | { kind: "expect"; text: string; clients: number };

/** When the first and the last client got it. */
export interface Arrival {
  firstMs: number;
  lastMs: number;
}

export const roomOf = (size: number) => `room-of-${size}`;
