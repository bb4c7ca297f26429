import { WebSocket } from "ws";
import type { WebSocketConstructor, WebSocketLike } from "../../client/index.ts";

/** What is between one page and API Gateway, and what may go wrong there. */
export class Network {
  /** No WebSocket gets through. */
  isBlocked = false;
  /** WebSockets that the page has been told are gone. */
  readonly #ghosts: WebSocket[] = [];
  #line: { socket: WebSocket; page: WebSocketLike } | undefined;
  #isFrozen = false;

  /** Constructor of the WebSockets that the page opens. */
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
        if (this.#socket?.readyState === WebSocket.OPEN && network.#carries(this.#socket)) this.#socket.send(text);
      }

      close(): void {
        if (!this.#socket) return;
        // Of a dead line nothing is told to the other end.
        if (network.#carries(this.#socket)) this.#socket.close();
        else network.#ghosts.push(this.#socket);
      }
    };
  }

  /** The connection ends. `untold`: API Gateway goes on believing in it. */
  drop(untold: boolean): void {
    const line = this.#line;
    if (!line) return;
    this.#line = undefined;
    if (untold) this.#ghosts.push(line.socket);
    else line.socket.terminate();
    line.page.onclose?.({ code: 1006, reason: "" });
  }

  /** Nothing passes any more, and nobody is told. */
  freeze(): void {
    this.#isFrozen = this.#line !== undefined;
  }

  /** Ends what is left of all connections. */
  close(): void {
    this.#line?.socket.terminate();
    for (const socket of this.#ghosts) socket.terminate();
  }

  #connect(socket: WebSocket, page: WebSocketLike): WebSocket {
    this.#line = { socket, page };
    this.#isFrozen = false;
    const whileItCarries = (run: () => void) => {
      if (this.#carries(socket)) run();
    };
    socket.on("open", () => whileItCarries(() => page.onopen?.({} as never)));
    socket.on("message", (data) => whileItCarries(() => page.onmessage?.({ data: String(data) })));
    socket.on("error", () => {});
    socket.on("close", (code, reason) => whileItCarries(() => page.onclose?.({ code, reason: reason.toString() })));
    return socket;
  }

  #carries(socket: WebSocket): boolean {
    return this.#line?.socket === socket && !this.#isFrozen;
  }
}
