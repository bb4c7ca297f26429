import type { Dispatch } from "../core/events.ts";
import type { WebSocketConstructor, WebSocketLike } from "../platform/web-socket.ts";
import { parseFrame } from "./parse.ts";
import type { PollOptions } from "./polling/request.ts";

/** Options of a handle that a transport needs. See `SocketHandleOptions`. */
export interface TransportOptions extends PollOptions {
  url: string | (() => string | Promise<string>);
  token: string | (() => string | Promise<string>);
  WebSocket: WebSocketConstructor;
}

/** A transport: a WebSocket, or polling in place of one. */
export interface Connection {
  send(text: string): void;
  /** Dispatches no event afterwards. */
  close(): void;
}

/**
 * Gets the URL and the token, then opens a transport.
 *
 * @param isPolling polls instead of opening a WebSocket
 * @param dispatch receives `opened`, then the events of the frames that arrive, and `lost` when the transport closes or
 *   cannot be opened
 */
export function openConnection(options: TransportOptions, isPolling: boolean, dispatch: Dispatch): Connection {
  let socket: WebSocketLike | undefined;
  let isClosed = false;
  const report: Dispatch = (...event) => {
    if (!isClosed) dispatch(...event);
  };
  const open = async () => {
    const getToken = () => resolve("token", options);
    const [url, token] = await Promise.all([resolve("url", options), getToken()]);
    // The browser's own error message would contain the token.
    if (/[^\w.+/=~-]/.test(token)) throw new Error("the token has characters that no JWT has");
    const { openPolling } = isPolling ? await import("./polling/socket.ts") : {};
    if (isClosed) return;
    // Browsers do not say why a handshake failed. The query string may contain secrets.
    let failedTo = `open ${url.replace(/\?.*/, "?…")}: check URL, token and network`;
    const { WebSocket } = options;
    socket = openPolling?.(options, getToken) ?? new WebSocket(url, ["downlink.v1", `token.${token}`]);
    socket.onopen = () => {
      failedTo = "stay open";
      report("opened");
    };
    socket.onmessage = ({ data }) => {
      const event = parseFrame(data);
      if (event) report(...event);
    };
    // `onclose` follows. Without a listener, an error would end a Node process that uses the package ws.
    socket.onerror = () => {};
    socket.onclose = ({ code }) => report("lost", `the connection failed to ${failedTo} (close code ${code})`);
  };
  open().catch((error) => report("lost", `${error?.message ?? error}`, error));
  return {
    send: (text) => socket?.send(text),
    close() {
      isClosed = true;
      socket?.close();
    },
  };
}

async function resolve(name: "url" | "token", { [name]: option }: TransportOptions): Promise<string> {
  const value: unknown = typeof option === "function" ? await option() : option;
  if (typeof value === "string" && value !== "") return value;
  throw new Error(`the option ${name} should return a string, got ${value === "" ? "an empty one" : typeof value}`);
}
