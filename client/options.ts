import { clientCodes } from "./core/client-codes.ts";
import { DownlinkError } from "./core/downlink-error.ts";
import { type Clock, systemClock } from "./platform/clock.ts";
import type { Fetch } from "./platform/fetch.ts";
import type { WebSocketConstructor } from "./platform/web-socket.ts";
import type { RuntimeOptions } from "./runtime/effects.ts";

export interface SocketHandleOptions {
  /** WebSocket URL of the stack, `wss://…`. A function is called before every attempt to connect. */
  url: string | (() => string | Promise<string>);
  /**
   * JWT of the user. A function is called before every attempt to connect and every poll, so it can replace an expired
   * token.
   */
  token: string | (() => string | Promise<string>);
  /**
   * URL of the stack's `GET /poll`, `https://…`. The client polls it after three attempts to open a WebSocket have
   * failed: every 3 s at first, every 30 s after five minutes without messages.
   *
   * @default none: the client keeps trying to open a WebSocket
   */
  pollUrl?: string;
  /**
   * Time without any frame after which the client checks the connection with a heartbeat, in ms: 5,000 to 570,000. Each
   * heartbeat is billed.
   *
   * @default 270000
   */
  heartbeatMs?: number;
  /**
   * Time limit in ms for the response to a login, a leave, a publish, a replay, a poll, a heartbeat or an attempt to
   * connect: 100 to 60,000.
   *
   * @default 10000
   */
  requestTimeoutMs?: number;
  /**
   * Constructor of WebSockets.
   *
   * @default globalThis.WebSocket
   */
  WebSocket?: WebSocketConstructor;
  /**
   * Used for polling, and for the payloads of messages that are larger than a frame.
   *
   * @default globalThis.fetch
   */
  fetch?: Fetch;
  /**
   * Time and timers. Tests replace it.
   *
   * @default the system's clock
   */
  clock?: Clock;
  /**
   * Returns a number from 0 up to 1, for the jitter of backoffs and intervals.
   *
   * @default Math.random
   */
  random?: () => number;
}

/**
 * Adds the defaults.
 *
 * @throws DownlinkError 3004 with the name of an option that is missing or invalid
 */
export function resolveOptions(given: Partial<SocketHandleOptions>): RuntimeOptions {
  /** API Gateway closes a connection after ten minutes without a frame. This is half a minute less. */
  const maxHeartbeatMs = 570_000;
  const {
    url,
    token,
    pollUrl,
    heartbeatMs = 270_000,
    requestTimeoutMs = 10_000,
    // TypeScript's DOM types do not match: their handlers have `this: WebSocket`.
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
  checkRange("heartbeatMs", heartbeatMs, 5_000, maxHeartbeatMs);
  checkRange("requestTimeoutMs", requestTimeoutMs, 100, 60_000);
  return options as RuntimeOptions;
}

const badOption = (msg: string) => new DownlinkError({ code: clientCodes.badOptions, msg });

function checkRange(name: string, ms: number, min: number, max: number): void {
  if (ms >= min && ms <= max) return;
  throw badOption(`${name} should be from ${min} to ${max}, got ${ms}`);
}
