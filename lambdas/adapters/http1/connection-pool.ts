import { type Connect, Line, type Reply } from "./connection.ts";
import type { MalformedAnswer } from "./response.ts";

export interface LinesOptions {
  connect: Connect;
  /** So many lines at most; requests beyond wait for one. */
  most: number;
  /** How long a line may take to open, and an answer to come. */
  withinMs: number;
  now(): number;
  /** Hears what was wrong with an answer, which is none to who asked: of the first one, as all others may be so. */
  onMalformed(error: MalformedAnswer): void;
}

/** So many handshakes at once: the first lines that open carry what waits while the others come, and share their session. */
const openingAtOnce = 16;
/** A server closes lines that nobody uses, and a request that crosses its farewell is lost. */
const trustedIdleMs = 20_000;

/** Lines to one server, opened when they are needed and kept. */
export class Lines {
  readonly #options: LinesOptions;
  /** The one used last comes first, so that those which are not needed grow old. */
  readonly #idle: { line: Line; sinceMs: number }[] = [];
  readonly #waiting: ((line: Line | undefined) => void)[] = [];
  #opening = 0;
  #open = 0;
  #hasToldMalformed = false;

  constructor(options: LinesOptions) {
    this.#options = options;
  }

  /** Sends one request, once; never a second time, whatever becomes of it. */
  async ask(request: () => string): Promise<Reply> {
    const line = this.#takeIdle() ?? (await this.#waitForLine());
    if (!line) return "unsent";
    const reply = await line.ask(request());
    this.#release(line);
    return reply;
  }

  #takeIdle(): Line | undefined {
    const oldestMs = this.#options.now() - trustedIdleMs;
    for (let kept = this.#idle.pop(); kept; kept = this.#idle.pop()) {
      if (kept.line.isIdle && kept.sinceMs >= oldestMs) return kept.line;
      kept.line.close();
    }
    return undefined;
  }

  #waitForLine(): Promise<Line | undefined> {
    const { promise, resolve } = Promise.withResolvers<Line | undefined>();
    this.#waiting.push(resolve);
    this.#openMore();
    return promise;
  }

  #openMore(): void {
    const { most, connect, withinMs } = this.#options;
    const isWanted = () => this.#opening < Math.min(openingAtOnce, this.#waiting.length);
    while (isWanted() && this.#open + this.#opening < most) {
      this.#opening += 1;
      let isOpen = false;
      const onOpen = () => {
        isOpen = true;
        this.#opening -= 1;
        this.#open += 1;
        this.#release(line);
        this.#openMore();
      };
      const onEnd = () => this.#onEnd(isOpen);
      const line = new Line(connect, withinMs, { onOpen, onEnd, onMalformed: (error) => this.#onMalformed(error) });
    }
  }

  #release(line: Line): void {
    if (!line.isIdle) return;
    const next = this.#waiting.shift();
    if (next) next(line);
    else this.#idle.push({ line, sinceMs: this.#options.now() });
  }

  #onMalformed(error: MalformedAnswer): void {
    if (!this.#hasToldMalformed) this.#options.onMalformed(error);
    this.#hasToldMalformed = true;
  }

  #onEnd(wasOpen: boolean): void {
    if (wasOpen) this.#open -= 1;
    else this.#opening -= 1;
    // Somebody else's line would serve them, and a next one may open; where there is none, waiting is of no use.
    if (wasOpen) this.#openMore();
    else if (this.#open + this.#opening === 0) for (const tell of this.#waiting.splice(0)) tell(undefined);
  }
}
