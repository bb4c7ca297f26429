import { connect as connectTcp, isIP, type Socket } from "node:net";
import { connect as connectTls, createSecureContext, type SecureContext } from "node:tls";
import { type HttpResponse, MalformedResponse, ResponseReader } from "./response.ts";

/** What a request came to. `unsent`: it never left. `unanswered`: it may have arrived. */
export type Reply = HttpResponse | "unsent" | "unanswered";

/** All lines read into the same bytes, as each is done with them before another one is read. */
const received = Buffer.allocUnsafeSlow(64 * 1024);

/** What a line tells about itself. */
interface ConnectionEvents {
  /** Once, if it opens. */
  onOpen(): void;
  /** Once. */
  onEnd(): void;
  onMalformed(error: MalformedResponse): void;
}

/** One connection to a server, which carries one request at a time. */
export class HttpConnection {
  readonly #socket: Socket;
  readonly #reader = new ResponseReader();
  readonly #limit: NodeJS.Timeout;
  readonly #events: ConnectionEvents;
  #state: "opening" | "idle" | "asking" | "ended" = "opening";
  #resolve: (reply: Reply) => void = () => {};

  /**
   * @param connect starts a connection
   * @param withinMs how long it may take to open, and each answer to come
   */
  constructor(connect: Connect, withinMs: number, events: ConnectionEvents) {
    this.#events = events;
    const onread = { buffer: received, callback: (bytes: number) => this.#onData(bytes) };
    this.#socket = connect(onread, () => {
      this.#state = "idle";
      this.#socket.unref();
      events.onOpen();
    });
    this.#limit = setTimeout(() => this.#onLimit(), withinMs).unref();
    // Whatever it was, the end follows.
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

  /** @param request head and body as one text; the line has to be idle */
  send(request: string): Promise<Reply> {
    const { promise, resolve } = Promise.withResolvers<Reply>();
    this.#state = "asking";
    this.#resolve = resolve;
    this.#limit.refresh();
    // While it only waits to be used, it does not keep the process alive.
    this.#socket.ref();
    this.#socket.write(request);
    return promise;
  }

  close(): void {
    this.#state = "ended";
    clearTimeout(this.#limit);
    this.#socket.destroy();
  }

  #onData(bytes: number): boolean {
    try {
      // What nobody has asked for must not become the answer to the next request.
      if (this.#state !== "asking") throw new Error("not asked");
      const answer = this.#reader.read(received.subarray(0, bytes));
      if (answer) this.#complete(answer);
    } catch (error) {
      if (error instanceof MalformedResponse) this.#events.onMalformed(error);
      this.close();
    }
    return true;
  }

  #onServerEnd(): void {
    const answer = this.#state === "asking" ? this.#reader.end() : undefined;
    if (answer) this.#complete(answer);
    this.close();
  }

  #complete(answer: HttpResponse): void {
    this.#state = "idle";
    this.#socket.unref();
    if (!answer.keepAlive) this.close();
    this.#resolve(answer);
  }

  #onLimit(): void {
    if (this.#state === "opening" || this.#state === "asking") this.close();
  }
}

interface OnRead {
  buffer: Buffer;
  callback(bytes: number): boolean;
}
/** Starts a connection that hands what it reads to `onread`. */
export type Connect = (onread: OnRead, onOpen: () => void) => Socket;

/** Connects to the server of `url`; over TLS, later connections resume the session of an earlier one. */
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
  // Made once, and not before it is needed: each would read all the authorities that it trusts.
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
