import type { Event } from "../core/state.ts";
import type { ResolvedOptions, WebSocketLike } from "../options.ts";
import { readFrame } from "./parse.ts";

export interface Connection {
  send(text: string): void;
  /** Nothing happens afterwards. */
  close(): void;
}

/**
 * Asks for address and token, then opens a WebSocket.
 *
 * @param polls something that looks like one, but polls
 * @param happen hears `opened`, what arrives, and `lost` if the connection closed or never came to be
 */
export function openConnection(
  options: ResolvedOptions,
  polls: boolean,
  happen: (...event: Event) => void,
): Connection {
  let socket: WebSocketLike | undefined;
  let isOver = false;
  const tell: typeof happen = (...event) => {
    if (!isOver) happen(...event);
  };
  const open = async () => {
    const askToken = () => ask("token", options);
    const [url, token] = await Promise.all([ask("url", options), askToken()]);
    // Browsers' own message would repeat the token.
    if (/[^\w.+/=~-]/.test(token)) throw new Error("the token has characters that no JWT has");
    const { PollSocket } = polls ? await import("./polling/socket.ts") : {};
    if (isOver) return;
    // Browsers do not tell pages why a handshake failed. Addresses may carry secrets behind the question mark.
    let failedTo = `open ${url.replace(/\?.*/, "?…")}: are address, token and network right?`;
    const { WebSocket } = options;
    socket = PollSocket ? new PollSocket(options, askToken) : new WebSocket(url, ["downlink.v1", `token.${token}`]);
    socket.onopen = () => {
      failedTo = "stay open";
      tell("opened");
    };
    socket.onmessage = ({ data }) => {
      const event = readFrame(data);
      if (event) tell(...event);
    };
    // A close follows; but an error that nobody listens to would end a Node process that uses ws.
    socket.onerror = () => {};
    socket.onclose = ({ code }) => tell("lost", `the connection failed to ${failedTo} (close code ${code})`);
  };
  open().catch((error) => tell("lost", `${error?.message ?? error}`, error));
  return {
    send: (text) => socket?.send(text),
    close() {
      isOver = true;
      socket?.close();
    },
  };
}

async function ask(name: "url" | "token", { [name]: value }: ResolvedOptions): Promise<string> {
  const answer: unknown = typeof value === "function" ? await value() : value;
  if (typeof answer === "string" && answer !== "") return answer;
  throw new Error(`the option ${name} should give a string, got ${answer === "" ? "an empty one" : typeof answer}`);
}
