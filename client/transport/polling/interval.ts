import type { PollOptions, PollResponse } from "./request.ts";

type Options = Pick<PollOptions, "clock" | "random">;

/** Computes the time between polls. */
interface PollInterval {
  /** Consecutive polls that failed. */
  readonly errors: number;
  /** Time in ms during which no poll may be sent. */
  readonly backoffMs: number;
  /** Ends the idle time: the user may be waiting for a message. */
  wake(): void;
  /** Continues after a WebSocket was used. Ends the idle time if messages arrived over it. */
  resume(positions: string): void;
  /**
   * Ends the backoff. The interval is a tenth of the idle time, within the limits of the responses: an idle page polls a
   * tenth as often, and a message is late by at most a tenth of the idle time before it.
   *
   * @param responses of all requests of one poll
   * @param positions in all rooms after it
   * @returns time until the next poll, in ms
   */
  after(responses: readonly PollResponse[], positions: string): number;
  /**
   * Starts a backoff: exponential with jitter, so that pages that fail together do not keep the server down together.
   *
   * @param retryAfterMs minimum that the server asks for, 0 without one
   */
  fail(retryAfterMs: number): void;
}

const maxBackoffMs = 30_000;
const maxRetryAfterMs = 600_000;
const intervals = new WeakMap<object, PollInterval>();

/**
 * The interval of one client, shared by all of its polling sockets: neither idle time nor backoff ends when the client
 * tries a WebSocket in between.
 */
export function intervalOf(options: Options): PollInterval {
  const interval = intervals.get(options) ?? makePollInterval(options);
  intervals.set(options, interval);
  return interval;
}

function makePollInterval({ clock, random }: Options): PollInterval {
  /** The sum of the intervals without news, as the system's clock may be changed. */
  let idleMs = 0;
  let lastPositions = "";
  let errors = 0;
  let backoffUntilMs = 0;
  let fullBackoffMs = 0;
  const wake = () => {
    idleMs = 0;
  };
  return {
    get errors() {
      return errors;
    },
    get backoffMs() {
      const leftMs = backoffUntilMs - clock.now();
      // If more is left than the backoff had at its start, the system's clock was set back.
      return leftMs > fullBackoffMs ? 0 : Math.max(0, leftMs);
    },
    wake,
    resume(positions) {
      if (positions !== lastPositions) wake();
    },
    after(responses, positions) {
      lastPositions = positions;
      errors = 0;
      fullBackoffMs = 0;
      const minMs = Math.max(0, Math.min(...responses.map(({ retryAfterMs }) => retryAfterMs)));
      const maxMs = Math.min(...responses.map(({ retryUpToMs = 0 }) => retryUpToMs));
      const intervalMs = Math.max(minMs, Math.min(maxMs, idleMs / 10));
      idleMs = maxMs > 0 ? idleMs + intervalMs : 0;
      return intervalMs;
    },
    fail(retryAfterMs) {
      errors += 1;
      const backoffMs = Math.min(maxBackoffMs, 1_000 * 2 ** errors) * (0.5 + random() / 2);
      // With jitter too: the server asks all pages for the same time.
      fullBackoffMs = Math.max(backoffMs, Math.min(maxRetryAfterMs, retryAfterMs) * (1 + random() / 2));
      backoffUntilMs = clock.now() + fullBackoffMs;
    },
  };
}
