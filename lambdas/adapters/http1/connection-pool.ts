import { type Connect, HttpConnection, type Reply } from "./connection.ts";
import type { MalformedResponse } from "./response.ts";

export interface PoolOptions {
  connect: Connect;
  /** So many lines at most; requests beyond wait for one. */
  max: number;
  /** How long a line may take to open, and an answer to come. */
  withinMs: number;
  now(): number;
  /** Hears what was wrong with an answer, which is none to who asked: of the first one, as all others may be so. */
  onMalformed(error: MalformedResponse): void;
}

/** So many handshakes at once: the first lines that open carry what waits while the others come, and share their session. */
const openingConcurrency = 16;
/** A server closes lines that nobody uses, and a request that crosses its farewell is lost. */
const trustedIdleMs = 20_000;

/** Lines to one server, opened when they are needed and kept. */
export class ConnectionPool {
  readonly #options: PoolOptions;
  /** The one used last comes first, so that those which are not needed grow old. */
  readonly #idle: { connection: HttpConnection; sinceMs: number }[] = [];
  readonly #waiting: ((connection: HttpConnection | undefined) => void)[] = [];
  #opening = 0;
  #open = 0;
  #hasReportedMalformed = false;

  constructor(options: PoolOptions) {
    this.#options = options;
  }

  /** Sends one request, once; never a second time, whatever becomes of it. */
  async send(request: () => string): Promise<Reply> {
    const connection = this.#acquireIdle() ?? (await this.#waitForConnection());
    if (!connection) return "unsent";
    const reply = await connection.send(request());
    this.#release(connection);
    return reply;
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
    const { max, connect, withinMs } = this.#options;
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
      const connection = new HttpConnection(connect, withinMs, {
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
    // Somebody else's line would serve them, and a next one may open; where there is none, waiting is of no use.
    if (wasOpen) this.#openMore();
    else if (this.#open + this.#opening === 0) for (const tell of this.#waiting.splice(0)) tell(undefined);
  }
}
