import { connect as connectTcp, isIP, type Socket } from "node:net";
import { connect as connectTls, createSecureContext, type SecureContext } from "node:tls";
import { type HttpResponse, MalformedResponse, ResponseReader } from "./response.ts";

/** The result of a request. `unsent`: it was not sent. `unanswered`: there was no response, but it may have arrived. */
export type SendResult = HttpResponse | "unsent" | "unanswered";

/** One buffer for all connections: each has read its bytes before the next one receives any. */
const received = Buffer.allocUnsafeSlow(64 * 1024);

interface ConnectionEvents {
  /** Called once, if the connection opens. */
  onOpen(): void;
  /** Called once, whether it has opened or not. */
  onEnd(): void;
  onMalformed(error: MalformedResponse): void;
}

/** One TCP or TLS connection to a server. It carries one request at a time. */
export class HttpConnection {
  readonly #socket: Socket;
  readonly #reader = new ResponseReader();
  readonly #timeout: NodeJS.Timeout;
  readonly #events: ConnectionEvents;
  #state: "opening" | "idle" | "busy" | "ended" = "opening";
  #resolve: (result: SendResult) => void = () => {};

  /**
   * @param connect starts the connection
   * @param timeoutMs limit for opening, and for each response
   */
  constructor(connect: Connect, timeoutMs: number, events: ConnectionEvents) {
    this.#events = events;
    const onread = { buffer: received, callback: (bytes: number) => this.#onData(bytes) };
    this.#socket = connect(onread, () => {
      this.#state = "idle";
      this.#socket.unref();
      events.onOpen();
    });
    this.#timeout = setTimeout(() => this.#onTimeout(), timeoutMs).unref();
    // `close` follows each error.
    this.#socket.on("error", () => {});
    this.#socket.on("end", () => this.#onServerEnd());
    this.#socket.on("close", () => {
      this.close();
      this.#resolve("unanswered");
      events.onEnd();
    });
  }

  get isIdle(): boolean {
    return this.#state === "idle";
  }

  /**
   * Sends one request. The connection has to be idle.
   *
   * @param request head and body as one text
   */
  send(request: string): Promise<SendResult> {
    const { promise, resolve } = Promise.withResolvers<SendResult>();
    this.#state = "busy";
    this.#resolve = resolve;
    this.#timeout.refresh();
    // An idle connection does not keep the process alive; a busy one does.
    this.#socket.ref();
    this.#socket.write(request);
    return promise;
  }

  close(): void {
    this.#state = "ended";
    clearTimeout(this.#timeout);
    this.#socket.destroy();
  }

  #onData(bytes: number): boolean {
    try {
      // Bytes without a request must not become the response to the next request.
      if (this.#state !== "busy") throw new Error("a response without a request");
      const response = this.#reader.read(received.subarray(0, bytes));
      if (response) this.#complete(response);
    } catch (error) {
      if (error instanceof MalformedResponse) this.#events.onMalformed(error);
      this.close();
    }
    return true;
  }

  #onServerEnd(): void {
    const response = this.#state === "busy" ? this.#reader.end() : undefined;
    if (response) this.#complete(response);
    this.close();
  }

  #complete(response: HttpResponse): void {
    this.#state = "idle";
    this.#socket.unref();
    if (!response.keepAlive) this.close();
    this.#resolve(response);
  }

  #onTimeout(): void {
    if (this.#state === "opening" || this.#state === "busy") this.close();
  }
}

interface OnRead {
  buffer: Buffer;
  callback(bytes: number): boolean;
}

/** Starts a connection that reads into `onread`. */
export type Connect = (onread: OnRead, onOpen: () => void) => Socket;

/** @returns a function that connects to the server of `url`. Over TLS, later connections resume the session of an earlier one. */
export function connectTo({ protocol, hostname, port }: URL): Connect {
  if (protocol === "http:") {
    const to = { host: hostname, port: Number(port || 80), noDelay: true };
    return (onread, onOpen) => connectTcp({ ...to, onread }, onOpen);
  }
  const to = {
    host: hostname,
    port: Number(port || 443),
    noDelay: true,
    ALPNProtocols: ["http/1.1"],
    ...(isIP(hostname) ? {} : { servername: hostname }),
  };
  // One context for all connections, created with the first one: each context loads all trusted authorities.
  let secureContext: SecureContext | undefined;
  let session: Buffer | undefined;
  return (onread, onOpen) => {
    secureContext ??= createSecureContext();
    const options = { ...to, onread, secureContext, ...(session && { session }) };
    return connectTls(options, onOpen).on("session", (newest) => {
      session = newest;
    });
  };
}
