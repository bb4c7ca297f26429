import type { SocketHandleOptions } from "../../../client/index.ts";
import { frameTexts } from "../../../protocol/codes.ts";
import type {
  CatchUp,
  ClientFrame,
  FrameOf,
  LoginFrame,
  MessageFrame,
  Missed,
  RoomToRestore,
  ServerFrame,
} from "../../../protocol/frames.ts";
import { everyone, ownRoom } from "../../../protocol/ids.ts";
import { answerTo, connected, FakeServer, loggedIn, message } from "./fake-server.ts";

export const epoch = "k3f9";
/** Messages in one response. */
const messagesPerReply = 4;

/** A fake server with logs, from which it responds to `hello`, `loginRoom` and `replay`. Stores acks. */
export class LogServer extends FakeServer {
  /** Logs by room. `undefined` is an empty position. */
  readonly logs = new Map<string, (MessageFrame | undefined)[]>();
  /** Acked positions by room. */
  readonly acked = new Map<string, number>();

  constructor() {
    super();
    this.onFrame = (frame) => this.answer(frame);
  }

  /** Appends a message to a room's log, without sending it. */
  log(roomId: string, data: unknown, fields: Partial<MessageFrame> = {}): MessageFrame {
    const log = this.#logOf(roomId);
    const named = roomId === everyone ? {} : { roomId };
    const entry = message(data, {
      ...named,
      epoch,
      seq: log.length + 1,
      messageId: `${roomId}-${log.length}`,
      ...fields,
    });
    log.push(entry);
    return entry;
  }

  /** Appends an empty position. */
  skip(roomId: string): void {
    this.#logOf(roomId).push(undefined);
  }

  kept(roomId: string): MessageFrame[] {
    return this.#logOf(roomId).filter((entry) => entry !== undefined);
  }

  answer(frame: ClientFrame): ServerFrame | undefined {
    switch (frame.action) {
      case "hello":
        return connected(this.#restore(frame));
      case "loginRoom":
        return this.#logIn(frame.roomId, frame);
      case "replay":
        return this.replayed(frame.roomId ?? "", frame.after ?? 0);
      case "ack":
        for (const { roomId, seq } of frame.rooms) this.acked.set(roomId, Math.max(seq, this.acked.get(roomId) ?? 0));
        return undefined;
      case "publish":
        return undefined;
      default:
        return answerTo(frame);
    }
  }

  replayed(roomId: string, after: number): ServerFrame & { type: "replayed" } {
    const data = { code: "2011", msg: frameTexts.replayed } as const;
    return { type: "replayed", eventName: "replayResp", data, roomId, epoch, ...this.#read(roomId, after) };
  }

  #logOf(roomId: string) {
    const log = this.logs.get(roomId) ?? [];
    this.logs.set(roomId, log);
    return log;
  }

  #read(roomId: string, after: number): Missed {
    const log = this.#logOf(roomId);
    const rest = log.slice(after).flatMap((entry) => (entry ? [entry] : []));
    const missed = rest.slice(0, messagesPerReply);
    if (missed.length === rest.length) return { recovered: true, missed, upTo: log.length };
    return { recovered: true, missed, upTo: missed.at(-1)?.seq ?? after, more: true };
  }

  #logIn(roomId: string, { since, history }: CatchUp, generation?: number): LoginFrame {
    const reply = { ...loggedIn(roomId, generation), seq: this.#logOf(roomId).length };
    if (history !== undefined) {
      const missed = this.kept(roomId).slice(-history);
      return { ...reply, recovered: true, missed, upTo: reply.seq };
    }
    if (typeof since !== "object") return reply;
    return since.epoch === epoch
      ? { ...reply, ...this.#read(roomId, since.seq) }
      : { ...reply, recovered: false, missed: [], upTo: reply.seq };
  }

  #restore({ rooms = [] }: FrameOf<"hello">): LoginFrame[] {
    const own = [everyone, ownRoom].filter((name) => !rooms.some(({ roomId }) => roomId === name));
    const all: RoomToRestore[] = [...own.map((roomId) => ({ roomId, generation: 0 })), ...rooms];
    return all.map((room) => this.#logIn(room.roomId, room, room.generation));
  }
}

/** A page in room 456 with a listener for the event `test`. `post` sends it a message, `lose` only logs one. */
export const inRoom456 = async (options: Partial<SocketHandleOptions> = {}) => {
  const server = new LogServer();
  const handle = server.handle(options);
  const received: unknown[] = [];
  handle.listen("test", (data) => received.push(data));
  await handle.loginRoom("456");
  const post = (data: unknown, roomId = "456") => server.last.deliver(server.log(roomId, data));
  const lose = (data: unknown, roomId = "456") => void server.log(roomId, data);
  return { server, handle, received, post, lose };
};
