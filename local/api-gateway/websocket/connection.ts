import type { WebSocket } from "ws";
import type { Clock, TimeoutHandle } from "../../world/clock.ts";

/** The client, as events and GetConnection describe it. */
export interface Identity {
  userAgent?: string;
  sourceIp: string;
}
/** The authorizer's context. It is part of every later event of the connection. */
export type AuthorizerContext = { principalId: string } & Record<string, string>;

/** Why a connection closed: close code and reason, as in `$disconnect`. */
export interface CloseCause {
  code: number;
  reason: string;
}

export interface ConnectionInfo {
  id: string;
  identity: Identity;
  /** `undefined` for a route without an authorizer. */
  authorizer: AuthorizerContext | undefined;
  /** Milliseconds since 1970. */
  connectedAt: number;
}

/** API Gateway closes a connection after 10 minutes without data and after 2 hours. */
const idleTimeoutMs = 600_000;
const maxLifetimeMs = 7_200_000;
/** Posts to a connection with more unsent data are throttled. */
const maxBufferedBytes = 1024 * 1024;

/** An open WebSocket connection. `onEnd` is called once, whichever side or timer closes it. */
export class Connection {
  readonly info: ConnectionInfo;
  lastActiveAt: number;
  readonly #socket: WebSocket;
  readonly #clock: Clock;
  readonly #onEnd: (cause: CloseCause) => void;
  #idleTimer: TimeoutHandle | undefined;
  readonly #lifetimeTimer: TimeoutHandle;
  #ended = false;

  constructor(info: ConnectionInfo, socket: WebSocket, clock: Clock, onEnd: (cause: CloseCause) => void) {
    this.info = info;
    this.#socket = socket;
    this.#clock = clock;
    this.#onEnd = onEnd;
    this.lastActiveAt = clock.now();
    this.#startIdleTimer(idleTimeoutMs);
    const remainingMs = info.connectedAt + maxLifetimeMs - clock.now();
    this.#lifetimeTimer = clock.setTimeout(() => this.close({ code: 1001, reason: "Going away" }), remainingMs);
  }

  get ended(): boolean {
    return this.#ended;
  }

  /** Whether the client reads more slowly than data is sent. */
  get isSlow(): boolean {
    return this.#socket.bufferedAmount > maxBufferedBytes;
  }

  /** Records that a data frame passed in either direction. */
  recordActivity(): void {
    this.lastActiveAt = this.#clock.now();
  }

  send(text: string | Buffer): void {
    if (this.#ended) return;
    this.recordActivity();
    // API Gateway sends only text frames, also for a post of binary data.
    this.#socket.send(text, { binary: false });
  }

  /** Closes the connection from the server. */
  close(cause: CloseCause): void {
    if (this.#ended) return;
    this.#socket.close(cause.code, cause.reason);
    this.end(cause);
  }

  /** Handles the end of the connection, whichever side closed it. */
  end(cause: CloseCause): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#clock.clearTimeout(this.#idleTimer);
    this.#clock.clearTimeout(this.#lifetimeTimer);
    this.#onEnd(cause);
  }

  // The timer checks the last activity when it fires. That is cheaper than a new timer for each frame.
  #startIdleTimer(delayMs: number): void {
    this.#idleTimer = this.#clock.setTimeout(() => {
      const remainingMs = this.lastActiveAt + idleTimeoutMs - this.#clock.now();
      if (remainingMs > 0) this.#startIdleTimer(remainingMs);
      else this.close({ code: 1001, reason: "Going away" });
    }, delayMs);
  }
}
