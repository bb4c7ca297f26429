import type { WebSocketLike } from "../../platform/web-socket.ts";
import { intervalOf } from "./interval.ts";
import { makePollPlan, type PlannedRequest } from "./plan.ts";
import { type PollFailure, type PollOptions, type PollResponse, sendPoll } from "./request.ts";

/** Lifetime of a socket, 45 to 75 s with jitter. Then it closes, and the client tries a WebSocket. */
const lifetimeMs = 60_000;
/** Time after the start during which no WebSocket is tried: one has just failed to open. */
const noWebSocketMs = 10_000;
const maxErrors = 3;
/** Minimum interval while a payload is fetched: until then each poll brings its message again. */
const payloadIntervalMs = 3_000;

/**
 * - `waiting`: no poll is under way
 * - `polling`: a poll is under way
 * - `pollingAgain`: the same, and the next one follows immediately
 * - `closed`: final
 */
type Phase = "waiting" | "polling" | "pollingAgain" | "closed";

/** Whether the client should try a WebSocket. `due`: the socket closes before the next poll. */
type WebSocketAttempt = "tooEarly" | "ifNeeded" | "due";

/**
 * Replaces a WebSocket where none can be opened: takes the frames of a client, sends them as `GET /poll`, and turns the
 * responses into the frames of a server.
 *
 * Polls carry neither `publish` nor the replay of a conversation. For these the socket closes, so that the client tries
 * a WebSocket; within 10 s after such an attempt they fail. Polls carry no receipts.
 */
export function openPolling(options: PollOptions, getToken: () => Promise<string>): WebSocketLike {
  const { clock, random } = options;
  const interval = intervalOf(options);
  const abort = new AbortController();
  let phase: Phase = "waiting";
  let attempt: WebSocketAttempt = "tooEarly";
  let errors = 0;
  let pollTimer: unknown;

  const isClosed = () => phase === "closed";
  // As with a WebSocket, no event happens before the call that causes it has returned.
  const later = (run: () => void) => queueMicrotask(() => isClosed() || run());
  const plan = makePollPlan((frame) => later(() => socket.onmessage?.({ data: JSON.stringify(frame) })));
  // Timers, not times of the clock, which may be set back.
  const timers = [
    clock.setTimeout(() => {
      attempt = "ifNeeded";
    }, noWebSocketMs),
    clock.setTimeout(
      () => {
        attempt = "due";
      },
      lifetimeMs * (0.75 + random() / 2),
    ),
  ];

  function close(): void {
    phase = "closed";
    for (const timer of [pollTimer, ...timers]) clock.clearTimeout(timer);
    abort.abort();
  }

  /** Closes, and reports it to the client. */
  function end(code: number): void {
    close();
    socket.onclose?.({ code, reason: "" });
  }

  /** Makes the next poll follow the one under way. @returns whether one is */
  function pollAgain(): boolean {
    if (phase === "polling") phase = "pollingAgain";
    return phase === "pollingAgain";
  }

  /** Polls after some time, and not before the backoff is over. */
  function schedule(ms: number): void {
    // Two polls at a time would take over each other's memberships.
    if (pollAgain() || isClosed()) return;
    clock.clearTimeout(pollTimer);
    const waitMs = Math.max(ms, interval.backoffMs);
    if (waitMs > 0) pollTimer = clock.setTimeout(start, waitMs);
    else start();
  }

  function start(): void {
    if (attempt === "due" && !plan.isAwaited) {
      end(1000);
      return;
    }
    phase = "polling";
    void poll().then((intervalMs) => {
      if (isClosed()) return;
      const isNow = phase === "pollingAgain";
      phase = "waiting";
      if (intervalMs !== undefined) schedule(isNow ? 0 : intervalMs);
    });
  }

  /** @returns time until the next poll in ms, `undefined` if there is to be none */
  async function poll(): Promise<number | undefined> {
    const responses: PollResponse[] = [];
    for (const request of plan.requests()) {
      const response = await sendPoll(options, getToken, request, abort.signal);
      if (isClosed()) return undefined;
      if ("status" in response) return fail(response, request);
      if (plan.accept(request, response)) pollAgain();
      responses.push(response);
    }
    errors = 0;
    const intervalMs = interval.after(responses, plan.positions);
    return plan.isFetching ? Math.max(intervalMs, payloadIntervalMs) : intervalMs;
  }

  /** @returns as `poll` */
  function fail(failure: PollFailure, request: PlannedRequest): number | undefined {
    const { status, msg = `the poll failed with status ${status}`, retryAfterMs } = failure;
    // The same poll would be refused again, and with it every room.
    if (status === 400 && request.logins.length + request.leaves.length > 0) {
      plan.refuse(request, msg);
      return 0;
    }
    errors += 1;
    interval.fail(retryAfterMs);
    // After the first refusal a new token may help.
    if (status === 400 || (isRefusal(status) && interval.errors > 1)) {
      plan.failHello(msg);
      return undefined;
    }
    if (errors <= maxErrors) return 0;
    end(status);
    return undefined;
  }

  const socket: WebSocketLike = {
    onopen: null,
    onmessage: null,
    onerror: null,
    onclose: null,
    close,
    send(text) {
      const step = plan.handle(JSON.parse(text), attempt === "tooEarly");
      if (step === "openWebSocket") {
        attempt = "due";
        // Not during a poll, which would take over the memberships of the WebSocket.
        if (!pollAgain() && !plan.isAwaited) later(() => end(1000));
      } else if (step) {
        if (step === "resume") interval.resume(plan.positions);
        if (step === "wake") interval.wake();
        schedule(0);
      }
    },
  };
  later(() => socket.onopen?.({} as never));
  return socket;
}

/** The server would refuse the same request again. */
const isRefusal = (status: number) => status >= 400 && status < 500 && status !== 408 && status !== 429;
