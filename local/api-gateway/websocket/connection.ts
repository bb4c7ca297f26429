import type { WebSocket } from "ws";
import type { Clock, TimeoutHandle } from "../../world/clock.ts";

/** Who is at the other end, as events and GetConnection tell. */
export interface Identity {
  userAgent?: string;
  sourceIp: string;
}
/** What the authorizer said; part of every later event. */
export type AuthorizerContext = { principalId: string } & Record<string, string>;

export interface DisconnectCause {
  code: number;
  reason: string;
}

const idleTimeoutMs = 600_000;
const maxLifetimeMs = 7_200_000;
/** More than this unread by the peer counts as a slow reader. */
const sendBufferBytes = 1024 * 1024;

export interface ConnectionInfo {
  id: string;
  identity: Identity;
  authorizer: AuthorizerContext | undefined;
  /** Milliseconds since 1970. */
  connectedAt: number;
}

/** An open WebSocket. Its end is told once, by `onEnd`, whichever side or timer ended it. */
export class Connection {
  readonly facts: ConnectionInfo;
  lastActiveAt: number;
  readonly #socket: WebSocket;
  readonly #clock: Clock;
  readonly #onEnd: (cause: DisconnectCause) => void;
  #idleTimer: TimeoutHandle | undefined;
  readonly #lifeTimer: TimeoutHandle;
  #ended = false;

  constructor(facts: ConnectionInfo, socket: WebSocket, clock: Clock, onEnd: (cause: DisconnectCause) => void) {
    this.facts = facts;
    this.#socket = socket;
    this.#clock = clock;
    this.#onEnd = onEnd;
    this.lastActiveAt = clock.now();
    this.#watchIdle(idleTimeoutMs);
    const left = facts.connectedAt + maxLifetimeMs - clock.now();
    this.#lifeTimer = clock.setTimeout(() => this.close({ code: 1001, reason: "Going away" }), left);
  }

  get ended(): boolean {
    return this.#ended;
  }

  get isSlow(): boolean {
    return this.#socket.bufferedAmount > sendBufferBytes;
  }

  /** A data frame passed, in either direction. */
  touch(): void {
    this.lastActiveAt = this.#clock.now();
  }

  send(text: string | Buffer): void {
    if (this.#ended) return;
    this.touch();
    // Always a text frame, whatever was posted: that is all that API Gateway sends.
    this.#socket.send(text, { binary: false });
  }

  /** Ends it from this side. */
  close(cause: DisconnectCause): void {
    if (this.#ended) return;
    this.#socket.close(cause.code, cause.reason);
    this.end(cause);
  }

  /** It has ended, from whatever side. */
  end(cause: DisconnectCause): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#clock.clearTimeout(this.#idleTimer);
    this.#clock.clearTimeout(this.#lifeTimer);
    this.#onEnd(cause);
  }

  // One timer that looks when it fires, instead of a new one for each frame.
  #watchIdle(delayMs: number): void {
    this.#idleTimer = this.#clock.setTimeout(() => {
      const left = this.lastActiveAt + idleTimeoutMs - this.#clock.now();
      if (left > 0) this.#watchIdle(left);
      else this.close({ code: 1001, reason: "Going away" });
    }, delayMs);
  }
}
