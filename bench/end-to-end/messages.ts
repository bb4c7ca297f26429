import type { Moments } from "./steps.ts";

/** Where clients connect and pushes go. */
export interface Endpoints {
  webSocketUrl: string;
  pushUrl: string;
  /** Key of the REST API, if it needs one. */
  apiKey?: string;
  /** Secret for the clients' tokens. Without it the server is a Socket.IO server. */
  tokenSecret?: string;
}

/** Requests to the process of a server. */
export type ServerRequest =
  /** Adds clients to rooms of these sizes. */
  | { kind: "fillRooms"; sizes: readonly number[] }
  /** Starts the measurement of a push. */
  | { kind: "start" }
  /** Ends the measurement. The response is `Measurement`. */
  | { kind: "stop" };

/** What the process of a server measured during one push. */
export interface Measurement {
  moments: Moments;
  /** CPU of all threads. */
  cpuMs: number;
  /** CPU of the main thread. In the stack, the functions run in the other threads. */
  mainCpuMs: number;
}

/** Requests to the process of the clients. */
export type ClientsRequest =
  | { kind: "open"; server: Endpoints; clients: number }
  /** Followed by a message `Arrival` when the number of clients have a frame with the text. */
  | { kind: "expect"; text: string; clients: number };

/** When the first and the last client received a frame. */
export interface Arrival {
  firstMs: number;
  lastMs: number;
}

export const roomOf = (size: number) => `room-of-${size}`;
