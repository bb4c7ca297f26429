import type { ResolvedOptions } from "../../options.ts";

/** When an answer says that the next poll is to be. */
export interface Retry {
  retryAfterMs: number;
  /** Nothing came: who heard nothing for long may wait so long. */
  retryUpToMs?: number;
}

const maxErrorPauseMs = 30_000;
const maxHeldMs = 600_000;
const paces = new WeakMap<object, Pace>();

/** The pace of one client's polls, whichever of its poll sockets makes them. */
export function paceOf(options: Pick<ResolvedOptions, "clock" | "random">): Pace {
  const pace = paces.get(options) ?? new Pace(options);
  paces.set(options, pace);
  return pace;
}

export class Pace {
  readonly #options: Pick<ResolvedOptions, "clock" | "random">;
  /** For so long nothing came. The sum of the pauses, as the computer's clock may be set. */
  #quietMs = 0;
  /** Where the page was in all of its rooms. */
  #cursors = "";
  /** Polls that failed one after the other. */
  errors = 0;
  /** No poll before that. */
  #held = { untilMs: 0, ms: 0 };

  constructor(options: Pick<ResolvedOptions, "clock" | "random">) {
    this.#options = options;
  }

  /** Something happened after which somebody may be waiting for what comes. */
  wake(): void {
    this.#quietMs = 0;
  }

  /** A page begins to poll again. */
  goOn(cursors: string): void {
    // Something came by a WebSocket meanwhile.
    if (cursors !== this.#cursors) this.wake();
  }

  /**
   * A tenth of the time for which nothing came, within what the server says: an idle page costs a tenth, and what comes
   * late comes late by a tenth of the silence before it.
   *
   * @returns when to poll again, in ms
   */
  pauseAfter(answers: readonly Retry[], cursors: string): number {
    this.#cursors = cursors;
    this.errors = 0;
    this.#held.ms = 0;
    const least = Math.max(0, Math.min(...answers.map(({ retryAfterMs }) => retryAfterMs)));
    const most = Math.min(...answers.map(({ retryUpToMs = 0 }) => retryUpToMs));
    const pauseMs = Math.max(least, Math.min(most, this.#quietMs / 10));
    this.#quietMs = most > 0 ? this.#quietMs + pauseMs : 0;
    return pauseMs;
  }

  /**
   * A poll failed: the next ones are spread more and more, or a crowd of pages would keep down what it waits for.
   *
   * @param askedMs for so long the server wants none
   */
  fail(askedMs: number): void {
    const { clock, random } = this.#options;
    this.errors += 1;
    const pauseMs = Math.min(maxErrorPauseMs, 1_000 * 2 ** this.errors) * (0.5 + random() / 2);
    // Everybody was told the same.
    const ms = Math.max(pauseMs, Math.min(maxHeldMs, askedMs) * (1 + random() / 2));
    this.#held = { untilMs: clock.now() + ms, ms };
  }

  /** @returns for how long no poll may go out */
  get heldMs(): number {
    const leftMs = this.#held.untilMs - this.#options.clock.now();
    // More is left than there was: the clock was set back.
    return leftMs > this.#held.ms ? 0 : Math.max(0, leftMs);
  }
}
