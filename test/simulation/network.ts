import { WebSocket } from "ws";
import type { WebSocketConstructor, WebSocketLike } from "../../client/index.ts";

/** The network between one page and API Gateway, with its failures. */
export class Network {
  /** Whether every attempt to open a WebSocket fails. */
  isBlocked = false;
  /** WebSockets that have ended for the page, and not for API Gateway. */
  readonly #stale: WebSocket[] = [];
  #current: { socket: WebSocket; page: WebSocketLike } | undefined;
  #isFrozen = false;

  /** The page's WebSocket constructor. */
  readonly WebSocket: WebSocketConstructor;

  constructor() {
    const network = this;
    this.WebSocket = class implements WebSocketLike {
      onopen: WebSocketLike["onopen"] = null;
      onmessage: WebSocketLike["onmessage"] = null;
      onerror: WebSocketLike["onerror"] = null;
      onclose: WebSocketLike["onclose"] = null;
      readonly #socket: WebSocket | undefined;

      constructor(url: string, protocols: string[]) {
        if (network.isBlocked) {
          queueMicrotask(() => this.onclose?.({ code: 1006, reason: "" }));
          return;
        }
        this.#socket = network.#connect(new WebSocket(url, protocols), this);
      }

      send(text: string): void {
        if (this.#socket?.readyState === WebSocket.OPEN && network.#isConnected(this.#socket)) this.#socket.send(text);
      }

      close(): void {
        if (!this.#socket) return;
        // Over a frozen connection, the close does not reach API Gateway.
        if (network.#isConnected(this.#socket)) this.#socket.close();
        else network.#stale.push(this.#socket);
      }
    };
  }

  /** Ends the connection. `isUnnoticed`: API Gateway still reports it as open. */
  drop(isUnnoticed: boolean): void {
    const current = this.#current;
    if (!current) return;
    this.#current = undefined;
    if (isUnnoticed) this.#stale.push(current.socket);
    else current.socket.terminate();
    current.page.onclose?.({ code: 1006, reason: "" });
  }

  /** Drops all frames in both directions. Neither end notices. */
  freeze(): void {
    this.#isFrozen = this.#current !== undefined;
  }

  /** Terminates all connections, stale ones included. */
  close(): void {
    this.#current?.socket.terminate();
    for (const socket of this.#stale) socket.terminate();
  }

  #connect(socket: WebSocket, page: WebSocketLike): WebSocket {
    this.#current = { socket, page };
    this.#isFrozen = false;
    const whileConnected = (run: () => void) => {
      if (this.#isConnected(socket)) run();
    };
    socket.on("open", () => whileConnected(() => page.onopen?.({} as never)));
    socket.on("message", (data) => whileConnected(() => page.onmessage?.({ data: String(data) })));
    socket.on("error", () => {});
    socket.on("close", (code, reason) => whileConnected(() => page.onclose?.({ code, reason: reason.toString() })));
    return socket;
  }

  /** Whether frames of this WebSocket get through in both directions. */
  #isConnected(socket: WebSocket): boolean {
    return this.#current?.socket === socket && !this.#isFrozen;
  }
}
