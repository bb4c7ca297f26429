import { randomUUID } from "node:crypto";
import { onTestFinished } from "vitest";
import { type ClientOptions, WebSocket } from "ws";
import { type Claims, mintToken } from "../../local/host/mint-token.ts";
import type { Target } from "./target.ts";

/** A received frame: its text, and its JSON value. */
export interface Got {
  raw: string;
  // biome-ignore lint/suspicious/noExplicitAny: tests read frames member by member, and a wrong member fails the test
  frame: any;
}
type Matches = (got: Got) => boolean;

const waitMs = 20_000;

/** A raw WebSocket client. Received frames wait in a queue until the test takes them. */
export class RawPage {
  readonly subject: string;
  readonly socket: WebSocket;
  readonly closed: Promise<{ code: number; reason: string }>;
  #queue: Got[] = [];
  #asked: { matches: Matches; resolve: (got: Got) => void }[] = [];
  #refs = 0;

  constructor(subject: string, socket: WebSocket) {
    this.subject = subject;
    this.socket = socket;
    this.closed = new Promise((resolve) => {
      socket.on("close", (code, reason) => resolve({ code, reason: reason.toString() }));
    });
    socket.on("message", (data, isBinary) => {
      const raw = isBinary ? `binary: ${data}` : String(data);
      const got: Got = { raw, frame: isBinary ? undefined : JSON.parse(raw) };
      const index = this.#asked.findIndex(({ matches }) => matches(got));
      if (index < 0) this.#queue.push(got);
      else this.#asked.splice(index, 1)[0]?.resolve(got);
    });
  }

  /** Received frames that the test has not taken. */
  get inbox(): unknown[] {
    return this.#queue.map(({ frame }) => frame);
  }

  /** Takes the oldest frame that matches, or waits for it. @throws Error after 20 s */
  async next(matches: Matches = () => true): Promise<Got> {
    const index = this.#queue.findIndex(matches);
    const [waiting] = index < 0 ? [] : this.#queue.splice(index, 1);
    if (waiting) return waiting;
    const { promise, resolve, reject } = Promise.withResolvers<Got>();
    this.#asked.push({ matches, resolve });
    const tooLate = () => reject(new Error(`nothing came but ${JSON.stringify(this.inbox)}`));
    const timer = setTimeout(tooLate, waitMs);
    return promise.finally(() => clearTimeout(timer));
  }

  message = () => this.next(({ frame }) => frame.type === "message");

  say(frame: unknown): void {
    this.socket.send(typeof frame === "string" ? frame : JSON.stringify(frame));
  }

  /** Sends a frame with a new `ref`. @returns the reply, without its `ref` */
  async ask(frame: Record<string, unknown>) {
    this.#refs += 1;
    const ref = `ask-${this.#refs}`;
    this.say({ ...frame, ref });
    const { frame: reply } = await this.next(({ frame }) => frame.ref === ref);
    delete reply.ref;
    return reply;
  }

  hello = (rest: Record<string, unknown> = {}) => this.ask({ action: "hello", ...rest });
  login = (roomId: string, type?: string) => this.ask({ action: "loginRoom", roomId, ...(type && { type }) });
  leave = (roomId: string) => this.ask({ action: "leaveRoom", roomId });

  /** Resolves when everything that was sent to this page before has arrived. */
  async settle(): Promise<void> {
    this.say({ action: "heartbeat" });
    await this.next(({ frame }) => frame.type === "heartbeat");
  }

  async close(): Promise<void> {
    this.socket.close();
    await this.closed;
  }
}

export interface PageOptions extends Partial<Claims> {
  /** @default "query" */
  tokenAs?: "query" | "subprotocol";
  /** Replaces the valid token. */
  token?: string;
  socket?: ClientOptions;
}

/** Thrown for a handshake that is not answered 101. */
export class HandshakeRefused extends Error {
  readonly status: number;
  constructor(status: number) {
    super(`the handshake was answered ${status}`);
    this.status = status;
  }
}

/** Opens a page, by default of a new subject with all grants. It has sent no frame yet. */
export async function openPage(target: Target, options: PageOptions = {}): Promise<RawPage> {
  const { sub = randomUUID(), rooms = ["*"], publish = ["*"], expiresInSeconds = 600, tokenAs = "query" } = options;
  const token = options.token ?? (await mintToken(target.tokenSecret, { sub, rooms, publish, expiresInSeconds }));
  const isQuery = tokenAs === "query";
  const query = isQuery && token !== "" ? `?token=${encodeURIComponent(token)}` : "";
  const protocols = isQuery ? [] : ["downlink.v1", `token.${token}`];
  const socket = new WebSocket(`${target.webSocketUrl}${query}`, protocols, options.socket);
  const page = new RawPage(sub, socket);
  await new Promise<void>((resolve, reject) => {
    socket.on("open", resolve);
    socket.on("unexpected-response", (_, { statusCode = 0 }) => reject(new HandshakeRefused(statusCode)));
    socket.on("error", reject);
  });
  return page;
}

/** Opens a page that has sent `hello`, and closes it at the end of the test. */
export async function meet(target: Target, options?: PageOptions): Promise<RawPage & { session: string }> {
  const page = await openPage(target, options);
  onTestFinished(() => page.close());
  const { session } = await page.hello();
  return Object.assign(page, { session: String(session) });
}

/** HTTP status of a handshake; 101 if it is accepted. */
export async function handshakeStatus(target: Target, options: PageOptions): Promise<number> {
  try {
    await (await openPage(target, options)).close();
    return 101;
  } catch (error) {
    if (error instanceof HandshakeRefused) return error.status;
    throw error;
  }
}

/** The id of a room that no other test uses. */
export const newRoom = () => `room-${randomUUID()}`;
