import { clientCodes } from "./core/client-codes.ts";
import { DownlinkError } from "./core/downlink-error.ts";
import { type Clock, systemClock } from "./runtime/timers.ts";

/** What the client uses of a WebSocket. */
export interface WebSocketLike {
  onopen: ((event: never) => void) | null;
  onmessage: ((event: { data: unknown }) => void) | null;
  onerror: ((event: never) => void) | null;
  onclose: ((event: { code: number; reason: string }) => void) | null;
  send(text: string): void;
  close(): void;
}
/** What the client uses of `fetch`. */
export type Fetch = (
  url: string,
  init: { headers: Record<string, string>; signal: AbortSignal },
) => Promise<{
  status: number;
  /** Where it is missing, nothing is known of a `Retry-After`. */
  headers?: { get(name: string): string | null };
  json(): Promise<unknown>;
  arrayBuffer(): Promise<ArrayBuffer>;
}>;
/** Takes an address and subprotocols, as that of browsers does. */
export type WebSocketConstructor = new (url: string, protocols: string[]) => WebSocketLike;

export interface SocketHandleOptions {
  /** Address of the stack's WebSocket, `wss://…`. A function is asked again before every connection. */
  url: string | (() => string | Promise<string>);
  /** The JWT of who it is. A function is asked again before every connection, so that an expired token heals by itself. */
  token: string | (() => string | Promise<string>);
  /**
   * Address of the stack's `GET /poll`, `https://…`: what the page falls back to where no WebSocket gets through.
   * It asks more and more seldom while nothing comes, after five minutes every 30 s.
   *
   * @default none: the page goes on trying to open a WebSocket
   */
  pollUrl?: string;
  /**
   * How long nothing may arrive before the client asks whether the connection still lives, 5,000 to 570,000.
   *
   * @default 270000, four and a half minutes: each question is billed
   */
  heartbeatMs?: number;
  /**
   * How long a login, a leave, a publish, a poll, an attempt to connect or a heartbeat waits for its answer, 100 to
   * 60,000.
   *
   * @default 10000
   */
  requestTimeoutMs?: number;
  /**
   * Constructor of WebSockets.
   *
   * @default the global one
   */
  WebSocket?: WebSocketConstructor;
  /**
   * What polls, and fetches what is too large for a frame.
   *
   * @default the global one
   */
  fetch?: Fetch;
  /**
   * Time and timers.
   *
   * @default those of the system
   */
  clock?: Clock;
  /**
   * A number from 0 up to 1, for the pauses between attempts.
   *
   * @default Math.random
   */
  random?: () => number;
}
export type ResolvedOptions = Required<Omit<SocketHandleOptions, "pollUrl">> & Pick<SocketHandleOptions, "pollUrl">;

/** @throws DownlinkError 3004 that names the option which is missing or wrong */
export function resolveOptions(given: Partial<SocketHandleOptions>): ResolvedOptions {
  /** Half a minute less than after what silence API Gateway ends a connection. */
  const maxHeartbeatMs = 570_000;
  const {
    url,
    token,
    pollUrl,
    heartbeatMs = 270_000,
    requestTimeoutMs = 10_000,
    // The DOM's own type asks for less than it takes: its handlers are methods of a WebSocket.
    WebSocket = globalThis.WebSocket as unknown as WebSocketConstructor | undefined,
    fetch = (input, init) => globalThis.fetch(input, init),
    clock = systemClock,
    random = Math.random,
  } = given;
  const options = { url, token, pollUrl, heartbeatMs, requestTimeoutMs, WebSocket, fetch, clock, random };
  for (const name of ["url", "token", "WebSocket"] as const) {
    if (!options[name] || !["string", "function"].includes(typeof options[name])) {
      throw badOption(`${name} is missing: pass it as an option to new SocketHandle() or SocketHandle.configure()`);
    }
  }
  inRange("heartbeatMs", heartbeatMs, 5_000, maxHeartbeatMs);
  inRange("requestTimeoutMs", requestTimeoutMs, 100, 60_000);
  return options as ResolvedOptions;
}

const badOption = (msg: string) => new DownlinkError({ code: clientCodes.badOptions, msg });

function inRange(name: string, ms: number, min: number, max: number): void {
  if (ms >= min && ms <= max) return;
  throw badOption(`${name} should be from ${min} to ${max}, got ${ms}`);
}
