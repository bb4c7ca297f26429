import type { LoginFrame, RoomToRestore, ServerFrame } from "../../../protocol/frames.ts";
import type { ResolvedOptions } from "../../options.ts";
import type { Retry } from "./interval.ts";

/** What `GET /poll` answers. */
export interface Answer extends Retry {
  data: Extract<ServerFrame, { type: "connected" }>["data"];
  session: string;
  rooms: LoginFrame[];
}
/** What came instead. */
export interface Failure {
  /** Of HTTP, 0 if nothing came. */
  status: number;
  /** The server's words, if it had any. */
  msg: string | undefined;
  /** For so long it wants no further poll. */
  retryAfterMs: number;
}
export interface Asked {
  session: string | undefined;
  leave: string[];
  rooms: RoomToRestore[];
}
export type PollOptions = Pick<ResolvedOptions, "pollUrl" | "fetch" | "clock" | "random" | "requestTimeoutMs">;

/** Makes one poll. Never rejects. */
export async function askPoll(
  { pollUrl, fetch, clock, requestTimeoutMs }: PollOptions,
  askToken: () => Promise<string>,
  { session, leave, rooms }: Asked,
  signal: AbortSignal,
): Promise<Answer | Failure> {
  const limit = new AbortController();
  const stop = () => limit.abort();
  const timer = clock.setTimeout(stop, requestTimeoutMs);
  signal.addEventListener("abort", stop);
  try {
    // The page may take long for its token, or for ever.
    const token = await Promise.race([askToken(), endOf(limit.signal)]);
    const headers = { Authorization: `Bearer ${token}` };
    const named = session === undefined ? "" : `session=${encodeURIComponent(session)}&`;
    const left = leave.length > 0 ? `leave=${encoded(leave)}&` : "";
    const url = `${pollUrl}?${named}${left}rooms=${encoded(rooms)}`;
    const response = await fetch(url, { headers, signal: limit.signal });
    const body = await response.json().catch(() => ({}));
    if (response.status === 200) return body as Answer;
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
    signal.removeEventListener("abort", stop);
  }
}

const endOf = (signal: AbortSignal) =>
  new Promise<never>((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));

export const encoded = (rooms: readonly unknown[]) => encodeURIComponent(JSON.stringify(rooms));
