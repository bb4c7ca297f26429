import { type Connect, HttpConnection, type SendResult } from "./connection.ts";
import type { MalformedResponse } from "./response.ts";

export interface PoolOptions {
  connect: Connect;
  /** The most connections. Further requests wait for one. */
  max: number;
  /** Limit for opening a connection, and for each response. */
  timeoutMs: number;
  now(): number;
  /** Called for the first malformed response only: once there is one, all may be. The request's result is `unanswered`. */
  onMalformed(error: MalformedResponse): void;
}

/** TLS handshakes at a time. The first connections carry the waiting requests, and later handshakes resume their session. */
const openingConcurrency = 16;
/** A server closes idle connections, and a request that crosses the close is lost. So older ones are not used. */
const trustedIdleMs = 20_000;

/** Connections to one server, opened on demand and kept. */
export class ConnectionPool {
  readonly #options: PoolOptions;
  /** A stack: the last used connection is used next, so that surplus ones grow old. */
  readonly #idle: { connection: HttpConnection; sinceMs: number }[] = [];
  readonly #waiting: ((connection: HttpConnection | undefined) => void)[] = [];
  #opening = 0;
  #open = 0;
  #hasReportedMalformed = false;

  constructor(options: PoolOptions) {
    this.#options = options;
  }

  /**
   * Sends one request. It is never repeated: whether a lost post may be repeated is the domain's decision.
   *
   * @param request called when a connection is available, so that a signature is not old
   */
  async send(request: () => string): Promise<SendResult> {
    const connection = this.#acquireIdle() ?? (await this.#waitForConnection());
    if (!connection) return "unsent";
    const result = await connection.send(request());
    this.#release(connection);
    return result;
  }

  #acquireIdle(): HttpConnection | undefined {
    const oldestMs = this.#options.now() - trustedIdleMs;
    for (let kept = this.#idle.pop(); kept; kept = this.#idle.pop()) {
      if (kept.connection.isIdle && kept.sinceMs >= oldestMs) return kept.connection;
      kept.connection.close();
    }
    return undefined;
  }

  #waitForConnection(): Promise<HttpConnection | undefined> {
    const { promise, resolve } = Promise.withResolvers<HttpConnection | undefined>();
    this.#waiting.push(resolve);
    this.#openMore();
    return promise;
  }

  #openMore(): void {
    const { max, connect, timeoutMs } = this.#options;
    const isWanted = () => this.#opening < Math.min(openingConcurrency, this.#waiting.length);
    while (isWanted() && this.#open + this.#opening < max) {
      this.#opening += 1;
      let isOpen = false;
      const onOpen = () => {
        isOpen = true;
        this.#opening -= 1;
        this.#open += 1;
        this.#release(connection);
        this.#openMore();
      };
      const onEnd = () => this.#onEnd(isOpen);
      const connection = new HttpConnection(connect, timeoutMs, {
        onOpen,
        onEnd,
        onMalformed: (error) => this.#onMalformed(error),
      });
    }
  }

  #release(connection: HttpConnection): void {
    if (!connection.isIdle) return;
    const next = this.#waiting.shift();
    if (next) next(connection);
    else this.#idle.push({ connection, sinceMs: this.#options.now() });
  }

  #onMalformed(error: MalformedResponse): void {
    if (!this.#hasReportedMalformed) this.#options.onMalformed(error);
    this.#hasReportedMalformed = true;
  }

  #onEnd(wasOpen: boolean): void {
    if (wasOpen) this.#open -= 1;
    else this.#opening -= 1;
    // Without any connection open or opening, waiting requests fail.
    if (wasOpen) this.#openMore();
    else if (this.#open + this.#opening === 0) for (const resolve of this.#waiting.splice(0)) resolve(undefined);
  }
}
