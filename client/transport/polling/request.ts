import type { LoginFrame, RoomToRestore, ServerFrame } from "../../../protocol/frames.ts";
import type { Clock } from "../../platform/clock.ts";
import type { Fetch } from "../../platform/fetch.ts";

/** A successful response of `GET /poll`. */
export interface PollResponse {
  data: Extract<ServerFrame, { type: "connected" }>["data"];
  session: string;
  rooms: LoginFrame[];
  /** The next poll should come after this time, in ms. */
  retryAfterMs: number;
  /** In ms. Present if the response has no messages: an idle client may wait up to this time. */
  retryUpToMs?: number;
}

/** A poll without a successful response. */
export interface PollFailure {
  /** HTTP status, 0 without a response. */
  status: number;
  /** The server's error text. */
  msg: string | undefined;
  /** From the header `Retry-After`, in ms; 0 without it. */
  retryAfterMs: number;
}

export interface PollRequest {
  session: string | undefined;
  /** Rooms to leave. The server does this before the logins. */
  leaves: { roomId: string }[];
  /** Rooms to restore, and rooms to log in to: those without `generation`. */
  rooms: RoomToRestore[];
}

/** Options of a handle that polling needs. See `SocketHandleOptions`. */
export interface PollOptions {
  pollUrl?: string | undefined;
  requestTimeoutMs: number;
  fetch: Fetch;
  clock: Clock;
  random: () => number;
}

/** Sends one `GET /poll`. Never rejects. */
export async function sendPoll(
  { pollUrl, fetch, clock, requestTimeoutMs }: PollOptions,
  getToken: () => Promise<string>,
  { session, leaves, rooms }: PollRequest,
  signal: AbortSignal,
): Promise<PollResponse | PollFailure> {
  const limit = new AbortController();
  const abort = () => limit.abort();
  const timer = clock.setTimeout(abort, requestTimeoutMs);
  signal.addEventListener("abort", abort);
  try {
    // The page's token function may never return.
    const token = await Promise.race([getToken(), abortOf(limit.signal)]);
    const headers = { Authorization: `Bearer ${token}` };
    const sessionPart = session === undefined ? "" : `session=${encodeURIComponent(session)}&`;
    const leavePart = leaves[0] ? `leave=${encoded(leaves.map(({ roomId }) => roomId))}&` : "";
    const url = `${pollUrl}?${sessionPart}${leavePart}rooms=${encoded(rooms)}`;
    const response = await fetch(url, { headers, signal: limit.signal });
    const body = await response.json().catch(() => ({}));
    if (response.status === 200) return body as PollResponse;
    const seconds = Number(response.headers?.get("Retry-After"));
    return {
      status: response.status,
      msg: (body as { msg?: string }).msg,
      retryAfterMs: seconds > 0 ? seconds * 1_000 : 0,
    };
  } catch {
    return { status: 0, msg: undefined, retryAfterMs: 0 };
  } finally {
    clock.clearTimeout(timer);
    signal.removeEventListener("abort", abort);
  }
}

const abortOf = (signal: AbortSignal) =>
  new Promise<never>((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));

/** A value as it stands in the query string. */
export const encoded = (value: readonly unknown[]) => encodeURIComponent(JSON.stringify(value));
