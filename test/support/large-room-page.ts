import { SocketHandle, type WebSocketLike } from "../../client/index.ts";
import { frameCodes, frameTexts } from "../../protocol/codes.ts";
import type { ClientFrame, FrameOf, LoginFrame, Position, ServerFrame } from "../../protocol/frames.ts";
import type { VirtualTime } from "./virtual-time.ts";

/** What a page's frames that matter here are answered; the others are answered by its line. */
export interface LargeRoomPageOptions {
  time: VirtualTime;
  random: () => number;
  /** Where the logs stand that the page is in. */
  rooms: ({ roomId: string } & Position)[];
  answer(frame: FrameOf<"ack"> | FrameOf<"replay">): Promise<ServerFrame | undefined>;
}

/** Our own client as one of a crowd, on the crowd's clock, on a line that never breaks. */
export class LargeRoomPage {
  /** What the page's callback saw, by room. */
  readonly heard = new Map<string, unknown[]>();
  readonly hellos: ClientFrame[] = [];
  private line: WebSocketLike | undefined;
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
    const open = (line: WebSocketLike) => this.open(line);
    class Line implements WebSocketLike {
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
    this.handle = new SocketHandle({ url: "wss://crowd", token: "a.b.c", WebSocket: Line, clock, random });
    this.handle.listen("test", (data, { roomId = "@all" }) => {
      this.heard.set(roomId, [...(this.heard.get(roomId) ?? []), data]);
    });
  }

  /** Logs in to all rooms that the options name. */
  async enter(): Promise<void> {
    await this.handle.connect();
    for (const { roomId } of this.options.rooms) if (!roomId.startsWith("@")) await this.handle.loginRoom(roomId);
  }

  /** @param text a frame that was posted */
  tell(text: string): void {
    this.line?.onmessage?.({ data: text });
  }

  private open(line: WebSocketLike): (text: string) => void {
    this.line = line;
    queueMicrotask(() => line.onopen?.({} as never));
    return (text) => {
      const frame = JSON.parse(text) as ClientFrame;
      void this.answer(frame).then((reply) => {
        if (reply) this.tell(JSON.stringify(frame.ref === undefined ? reply : { ...reply, ref: frame.ref }));
      });
    };
  }

  private async answer(frame: ClientFrame): Promise<ServerFrame | undefined> {
    const { rooms, answer } = this.options;
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
        return answer(frame);
      default:
        return undefined;
    }
  }
}

const loggedIn = ({ roomId, epoch, seq }: { roomId: string } & Position): LoginFrame => {
  const data = { code: frameCodes.loggedIn, msg: frameTexts.loggedIn(roomId) };
  return { type: "loggedIn", eventName: "loginRoomResp", data, roomId, generation: 0, epoch, seq };
};
