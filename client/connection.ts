import type { ResolvedOptions, WebSocketLike } from "./options.ts";

export interface ConnectionEvents {
  opened(): void;
  received(text: string): void;
  /** Told once: the connection closed, or never came to be. */
  lost(msg: string, cause?: unknown): void;
}
export interface Connection {
  send(text: string): void;
  /** Nothing is told afterwards. */
  close(): void;
}

const subprotocol = "downlink.v1";

/**
 * Asks for address and token, then opens a WebSocket.
 *
 * @param polls something that looks like one, but polls
 */
export function openConnection(options: ResolvedOptions, polls: boolean, events: ConnectionEvents): Connection {
  let socket: WebSocketLike | undefined;
  let isOver = false;
  const lost = (msg: string, cause?: unknown) => {
    if (!isOver) events.lost(msg, cause);
    isOver = true;
  };
  const open = async () => {
    const askToken = () => ask("token", options.token);
    const [url, token] = await Promise.all([ask("url", options.url), askToken()]);
    const { PollSocket } = polls ? await import("./poll-socket.ts") : {};
    if (isOver) return;
    let failedTo = `open ${shown(url)}`;
    socket = PollSocket ? new PollSocket(options, askToken) : makeSocket(options, url, token);
    socket.onopen = () => {
      failedTo = "stay open";
      if (!isOver) events.opened();
    };
    socket.onmessage = ({ data }) => {
      if (!isOver && typeof data === "string") events.received(data);
    };
    // A close follows; but an error that nobody listens to would end a Node process that uses ws.
    socket.onerror = () => {};
    socket.onclose = ({ code }) => lost(`the connection failed to ${failedTo} (close code ${code})${hint(failedTo)}`);
  };
  open().catch((error) => lost(error instanceof Error ? error.message : String(error), error));
  return {
    send: (text) => socket?.send(text),
    close() {
      isOver = true;
      socket?.close();
    },
  };
}

async function ask(name: string, value: string | (() => string | Promise<string>)): Promise<string> {
  const answer: unknown = typeof value === "function" ? await value() : value;
  if (typeof answer === "string" && answer !== "") return answer;
  throw new Error(`the option ${name} should give a string, got ${answer === "" ? "an empty one" : typeof answer}`);
}

function makeSocket({ WebSocket }: ResolvedOptions, url: string, token: string): WebSocketLike {
  // Browsers' own message would repeat the token.
  if (!/^[\w.+/=~-]+$/.test(token)) throw new Error("the token has characters that no JWT has");
  return new WebSocket(url, [subprotocol, `token.${token}`]);
}

/** Addresses may carry secrets behind the question mark. */
const shown = (url: string) => url.replace(/\?.*/, "?…");

// Browsers do not tell pages why a handshake failed.
const hint = (failedTo: string) =>
  failedTo.startsWith("open") ? ": is the address right, the token valid, the network up?" : "";
