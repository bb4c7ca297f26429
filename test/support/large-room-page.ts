import { SocketHandle, type WebSocketLike } from "../../client/index.ts";
import { frameCodes, frameTexts } from "../../protocol/codes.ts";
import type { ClientFrame, FrameOf, LoginFrame, Position, ServerFrame } from "../../protocol/frames.ts";
import type { VirtualTime } from "./virtual-time.ts";

export interface LargeRoomPageOptions {
  time: VirtualTime;
  random: () => number;
  /** Rooms of the page, each with the newest position of its log. */
  rooms: ({ roomId: string } & Position)[];
  /** Handles acks and replays. The page's connection itself replies to all other frames. */
  reply(frame: FrameOf<"ack"> | FrameOf<"replay">): Promise<ServerFrame | undefined>;
}

/** A member of a large room with the real client, on virtual time and a connection that never breaks. */
export class LargeRoomPage {
  /** Data that the page's callback received, by room. */
  readonly received = new Map<string, unknown[]>();
  readonly hellos: ClientFrame[] = [];
  private socket: WebSocketLike | undefined;
  private readonly options: LargeRoomPageOptions;
  private readonly handle: SocketHandle;

  constructor(options: LargeRoomPageOptions) {
    this.options = options;
    const { time, random } = options;
    const clock = {
      now: () => time.nowMs,
      setTimeout(run: () => void, ms: number) {
        const timer = { isOff: false };
        void time.wait(ms).then(() => timer.isOff || run());
        return timer;
      },
      clearTimeout: (timer: unknown) => void Object.assign(timer ?? {}, { isOff: true }),
    };
    const open = (socket: WebSocketLike) => this.open(socket);
    class Socket implements WebSocketLike {
      onopen: WebSocketLike["onopen"] = null;
      onmessage: WebSocketLike["onmessage"] = null;
      onerror: WebSocketLike["onerror"] = null;
      onclose: WebSocketLike["onclose"] = null;
      send: WebSocketLike["send"];
      constructor() {
        this.send = open(this);
      }
      close() {}
    }
    this.handle = new SocketHandle({ url: "wss://large-room", token: "a.b.c", WebSocket: Socket, clock, random });
    this.handle.listen("test", (data, { roomId = "@all" }) => {
      this.received.set(roomId, [...(this.received.get(roomId) ?? []), data]);
    });
  }

  /** Connects, and logs in to all rooms of the options. */
  async connect(): Promise<void> {
    await this.handle.connect();
    for (const { roomId } of this.options.rooms) if (!roomId.startsWith("@")) await this.handle.loginRoom(roomId);
  }

  /** @param text a frame that was posted to the connection */
  receive(text: string): void {
    this.socket?.onmessage?.({ data: text });
  }

  private open(socket: WebSocketLike): (text: string) => void {
    this.socket = socket;
    queueMicrotask(() => socket.onopen?.({} as never));
    return (text) => {
      const frame = JSON.parse(text) as ClientFrame;
      void this.replyTo(frame).then((reply) => {
        if (reply) this.receive(JSON.stringify(frame.ref === undefined ? reply : { ...reply, ref: frame.ref }));
      });
    };
  }

  private async replyTo(frame: ClientFrame): Promise<ServerFrame | undefined> {
    const { rooms, reply } = this.options;
    switch (frame.action) {
      case "hello": {
        this.hellos.push(frame);
        const data = { code: frameCodes.connected, msg: frameTexts.connected };
        const own = rooms.filter(({ roomId }) => roomId.startsWith("@")).map(loggedIn);
        return { type: "connected", eventName: "connetResp", data, session: "s", rooms: own };
      }
      case "loginRoom":
        return rooms.filter(({ roomId }) => roomId === frame.roomId).map(loggedIn)[0];
      case "ack":
      case "replay":
        return reply(frame);
      default:
        return undefined;
    }
  }
}

const loggedIn = ({ roomId, epoch, seq }: { roomId: string } & Position): LoginFrame => {
  const data = { code: frameCodes.loggedIn, msg: frameTexts.loggedIn(roomId) };
  return { type: "loggedIn", eventName: "loginRoomResp", data, roomId, generation: 0, epoch, seq };
};
