/** The part of the `WebSocket` API that the client uses. */
export interface WebSocketLike {
  onopen: ((event: never) => void) | null;
  onmessage: ((event: { data: unknown }) => void) | null;
  onerror: ((event: never) => void) | null;
  onclose: ((event: { code: number; reason: string }) => void) | null;
  send(text: string): void;
  close(): void;
}

/** A constructor with the signature of the browser's `WebSocket`. */
export type WebSocketConstructor = new (url: string, protocols: string[]) => WebSocketLike;

/** The part of the `fetch` API that the client uses. */
export type Fetch = (
  url: string,
  init: { headers: Record<string, string>; signal: AbortSignal },
) => Promise<{
  status: number;
  /** Without it the client cannot honor `Retry-After`. */
  headers?: { get(name: string): string | null };
  json(): Promise<unknown>;
  arrayBuffer(): Promise<ArrayBuffer>;
}>;

/** Time and timers. */
export interface Clock {
  /** Milliseconds since 1970. */
  now(): number;
  setTimeout(run: () => void, ms: number): unknown;
  clearTimeout(id: unknown): void;
}

/** The options of a handle that a transport needs, with their defaults. See `SocketHandleOptions`. */
export interface TransportOptions {
  url: string | (() => string | Promise<string>);
  token: string | (() => string | Promise<string>);
  pollUrl?: string | undefined;
  requestTimeoutMs: number;
  WebSocket: WebSocketConstructor;
  fetch: Fetch;
  clock: Clock;
  random: () => number;
}
