import { SocketHandle, type SocketHandleOptions, type WebSocketLike } from "../../../client/index.ts";
import { frameTexts } from "../../../protocol/codes.ts";
import type { Action, ClientFrame, FrameOf, LoginFrame, MessageFrame, ServerFrame } from "../../../protocol/frames.ts";
import { everyone, ownRoom } from "../../../protocol/ids.ts";
import { parseClientFrame } from "../../../protocol/parse-frame.ts";
import { FakeClock, settled } from "./fake-clock.ts";

/**
 * A server in memory, with the frames of protocol/frames.ts:
 *
 * - `handle()` creates a client that connects to it
 * - it accepts every request; `onFrame` returns another response, or none (`undefined`)
 * - `received` contains the frames of all connections, `last` is the newest connection
 * - `FakeConnection.deliver`, `deliverText` and `drop` act without a request
 * - `message` creates the next message of a room's log
 * - `isDown` makes handshakes fail
 */
export class FakeServer {
  readonly clock = new FakeClock();
  readonly connections: FakeConnection[] = [];
  readonly received: ClientFrame[] = [];
  isDown = false;
  onFrame: (frame: ClientFrame, connection: FakeConnection) => ServerFrame | undefined = answerTo;
  readonly #heads = new Map<string, number>();

  handle(options: Partial<SocketHandleOptions> = {}): SocketHandle {
    const { clock } = this;
    const given = { url: "wss://push.example/socket", token: "a.b.c", WebSocket: this.WebSocket, clock };
    return new SocketHandle({ ...given, random: () => 0.5, ...options });
  }

  get WebSocket() {
    const connect = (url: string, protocols: string[]) => new FakeConnection(this, url, protocols);
    // A constructor may return any object.
    return function WebSocket(url: string, protocols: string[]) {
      return connect(url, protocols);
    } as unknown as new (
      url: string,
      protocols: string[],
    ) => WebSocketLike;
  }

  get last(): FakeConnection {
    const connection = this.connections.at(-1);
    if (!connection) throw new Error("the client has not connected yet");
    return connection;
  }

  /** Creates the next message of a room's log, by default of `@all`. */
  message(data: unknown, fields: Partial<MessageFrame> = {}): MessageFrame {
    const { roomId = everyone } = fields;
    const seq = fields.seq ?? (this.#heads.get(roomId) ?? 0) + 1;
    this.#heads.set(roomId, seq);
    return message(data, { seq, messageId: `m${seq}`, ...fields });
  }

  receivedOf<A extends Action>(action: A): FrameOf<A>[] {
    return this.received.filter((frame): frame is FrameOf<A> & ClientFrame => frame.action === action);
  }
}

export class FakeConnection implements WebSocketLike {
  onopen: WebSocketLike["onopen"] = null;
  onmessage: WebSocketLike["onmessage"] = null;
  onerror: WebSocketLike["onerror"] = null;
  onclose: WebSocketLike["onclose"] = null;
  readonly received: ClientFrame[] = [];
  readonly url: string;
  readonly protocols: readonly string[];
  isOpen = false;
  readonly #server: FakeServer;

  constructor(server: FakeServer, url: string, protocols: string[]) {
    this.#server = server;
    this.url = url;
    this.protocols = protocols;
    server.connections.push(this);
    queueMicrotask(() => {
      if (server.isDown) return this.drop();
      this.isOpen = true;
      this.onopen?.({} as never);
    });
  }

  /** Sends a frame to the client. */
  async deliver(frame: ServerFrame): Promise<void> {
    await this.deliverText(JSON.stringify(frame));
  }

  async deliverText(text: string): Promise<void> {
    if (this.isOpen) this.onmessage?.({ data: text });
    await settled();
  }

  /** Closes the connection from the server's side. */
  drop(code = 1006): void {
    this.isOpen = false;
    this.onclose?.({ code, reason: "" });
  }

  send(text: string): void {
    const frame = parseClientFrame(text);
    if (!("action" in frame)) throw new Error(`the client sent a frame that the server refuses: ${frame.data.msg}`);
    this.received.push(frame);
    this.#server.received.push(frame);
    const reply = this.#server.onFrame(frame, this);
    if (reply)
      queueMicrotask(() => void this.deliver("ref" in frame ? ({ ...reply, ref: frame.ref } as ServerFrame) : reply));
  }

  close(): void {
    this.isOpen = false;
  }
}

/** The response that accepts a frame. */
export function answerTo(frame: ClientFrame): ServerFrame | undefined {
  switch (frame.action) {
    case "hello":
      return connected(restored(frame));
    case "loginRoom":
      return loggedIn(frame.roomId);
    case "leaveRoom": {
      const data = { code: "2006", msg: frameTexts.left(frame.roomId) } as const;
      return { type: "left", eventName: "leaveRoomResp", data, roomId: frame.roomId };
    }
    case "heartbeat":
      return { type: "heartbeat", eventName: "heartbeatResp", data: { code: "2008", msg: "alive" } };
    case "here":
    case "ack":
      return undefined;
    case "publish":
    case "replay":
      throw new Error(`set onFrame: there is no default response to ${frame.action}`);
  }
}

/** Restores all memberships, without missed messages. */
function restored({ rooms = [] }: FrameOf<"hello">): LoginFrame[] {
  const own = [everyone, ownRoom].filter((roomId) => !rooms.some((room) => room.roomId === roomId));
  return [...own.map((roomId) => ({ roomId, generation: 0, since: undefined })), ...rooms].map(
    ({ roomId, generation, since }) => {
      const seq = typeof since === "object" ? since.seq : 0;
      const missed = since && { recovered: true, missed: [], upTo: seq };
      return { ...loggedIn(roomId, generation), seq, ...missed };
    },
  );
}

export const connected = (rooms: LoginFrame[] = restored({ action: "hello" })): ServerFrame => ({
  type: "connected",
  eventName: "connetResp",
  data: { code: "2001", msg: frameTexts.connected },
  session: "session-1",
  rooms,
});

export const loggedIn = (roomId: string, generation = 1): LoginFrame & { type: "loggedIn" } => ({
  type: "loggedIn",
  eventName: "loginRoomResp",
  data: { code: "2002", msg: frameTexts.loggedIn(roomId) },
  roomId,
  generation,
  epoch: "k3f9",
  seq: 0,
});

export const loginFailed = (roomId: string, code: "2003" | "2004", msg = frameTexts.occupied(roomId)): LoginFrame => ({
  type: "loginFailed",
  eventName: "loginRoomResp",
  data: { code, msg },
  roomId,
});

export const evicted = (roomId: string, generation: number): LoginFrame & { type: "evicted" } => ({
  type: "evicted",
  eventName: "loginRoomResp",
  data: { code: "2005", msg: frameTexts.evicted(roomId) },
  roomId,
  generation,
});

/** A pushed message, by default the first of its room's log. */
export const message = (data: unknown, fields: Partial<MessageFrame> = {}): MessageFrame => ({
  type: "message",
  eventName: "test",
  data,
  epoch: "k3f9",
  seq: 1,
  messageId: "m1",
  at: 1_732_060_800_000,
  qos: 1,
  ...fields,
});
