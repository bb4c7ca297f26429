import { ack } from "../../lambdas/domain/delivery/ack.ts";
import { replay } from "../../lambdas/domain/delivery/replay.ts";
import type { MessageFrame, Missed, Position, ServerFrame } from "../../protocol/frames.ts";
import type { LoginPolicy } from "../../protocol/ids.ts";
import { type Harness, type Listener, type Page, type PageOptions, wireOf } from "./harness.ts";

interface Stream {
  cursor: Position;
  /** What came before what is in front of it. */
  held: Map<number, MessageFrame>;
  /** The newest that was told to the server. */
  ackedSeq: number;
  /** The server has more. */
  wantsMore: boolean;
}
/** What the page's callback saw. */
export interface Seen {
  roomId: string;
  seq: number;
  data: unknown;
  messageId: string;
}

/** The smallest client that keeps the rules of the wire: each message once, in order, acked. Nothing runs by itself. */
export class AckingPage implements Listener {
  readonly page: Page;
  readonly seen: Seen[] = [];
  /** Rooms whose log could not be caught up. */
  readonly resets: string[] = [];
  readonly delivered: string[] = [];
  /** Acks that were answered by an error. */
  readonly refusals: ServerFrame[] = [];
  private readonly streams = new Map<string, Stream>();
  private readonly harness: Harness;

  constructor(harness: Harness, options: PageOptions = {}) {
    this.harness = harness;
    this.page = harness.page({ acks: true, ...options });
    this.page.listener = this;
  }

  static async open(harness: Harness, options: PageOptions = {}): Promise<AckingPage> {
    const reader = new AckingPage(harness, options);
    await reader.page.open();
    return reader;
  }

  login = (roomId: string, type?: LoginPolicy) => this.page.login(roomId, type);

  since = (roomId: string): Position | undefined => this.streams.get(roomId)?.cursor;

  dataOf = (roomId: string) => this.seen.filter((seen) => seen.roomId === roomId).map(({ data }) => data);

  hear(frame: ServerFrame): void {
    switch (frame.type) {
      case "message":
        this.take(frame);
        return;
      case "connected":
        for (const room of frame.rooms) this.hear(room);
        return;
      case "loggedIn": {
        const { roomId, epoch, seq, missed } = frame;
        if (missed !== undefined) {
          this.catchUp(roomId, epoch, seq, frame as Missed);
          return;
        }
        const stream = this.streams.get(roomId);
        if (stream && stream.cursor.epoch !== epoch) this.resets.push(roomId);
        if (!stream || stream.cursor.epoch !== epoch) this.begin(roomId, { epoch, seq });
        return;
      }
      case "replayed":
        this.catchUp(frame.roomId, frame.epoch, frame.upTo, frame);
        return;
      case "behind":
        for (const roomId of frame.rooms) this.wantMore(roomId);
        return;
      case "delivered":
        this.delivered.push(frame.data.messageId);
    }
  }

  /** Acks what was not acked yet. */
  async ack(): Promise<void> {
    const due = [...this.streams].filter(([, { cursor, ackedSeq }]) => cursor.seq > ackedSeq);
    if (due.length === 0 || this.page.line !== "open") return;
    const { connectionId, session, caller } = this.page;
    const rooms = due.map(([roomId, { cursor }]) => ({ roomId, ...cursor }));
    const receipts = this.seen.slice(-64).map(({ roomId, seq }) => ({ roomId, seq }));
    const reply = await ack(this.harness.deps, caller, { action: "ack", session, rooms, receipts });
    if (connectionId !== this.page.connectionId || this.page.line !== "open") return;
    for (const [i, [, stream]] of due.entries()) {
      stream.ackedSeq = Math.max(stream.ackedSeq, rooms[i]?.seq ?? 0);
    }
    if (reply?.type === "refused") this.refusals.push(reply);
    if (reply) this.hear(wireOf(reply));
  }

  /** Asks for what is missing. @returns whether anything was */
  async fill(): Promise<boolean> {
    const gaps = [...this.streams].filter(([, { wantsMore, held }]) => wantsMore || held.size > 0);
    if (this.page.line !== "open") return false;
    for (const [roomId, stream] of gaps) {
      const { connectionId, caller } = this.page;
      const { epoch, seq: after } = stream.cursor;
      stream.wantsMore = false;
      const reply = await replay(this.harness.deps, caller, { action: "replay", roomId, epoch, after });
      if (connectionId === this.page.connectionId) this.hear(wireOf(reply));
    }
    return gaps.length > 0;
  }

  /** The stream of a room that the page has left. */
  forget(roomId: string): void {
    this.streams.delete(roomId);
  }

  private begin(roomId: string, cursor: Position): void {
    this.streams.set(roomId, { cursor, held: new Map(), ackedSeq: cursor.seq, wantsMore: false });
  }

  private wantMore(roomId: string): void {
    const stream = this.streams.get(roomId);
    if (stream) stream.wantsMore = true;
  }

  private catchUp(roomId: string, epoch: string, seq: number, { recovered, missed, upTo, more }: Missed): void {
    const stream = this.streams.get(roomId);
    if (stream && (!recovered || stream.cursor.epoch !== epoch)) this.resets.push(roomId);
    if (!recovered) {
      this.begin(roomId, { epoch, seq });
      return;
    }
    const first = missed[0]?.seq;
    if (!stream || stream.cursor.epoch !== epoch) this.begin(roomId, { epoch, seq: first ? first - 1 : upTo });
    for (const message of missed) this.takeNumbered(roomId, message);
    this.moveTo(roomId, upTo);
    if (more) this.wantMore(roomId);
  }

  private take(message: MessageFrame): void {
    const roomId = message.roomId ?? "@all";
    if (message.seq === undefined) this.show(roomId, message);
    else this.takeNumbered(roomId, message);
  }

  private takeNumbered(roomId: string, message: MessageFrame): void {
    const stream = this.streams.get(roomId);
    const { epoch, seq = 0 } = message;
    if (!stream || epoch === undefined) return;
    if (epoch !== stream.cursor.epoch) {
      this.resets.push(roomId);
      this.begin(roomId, { epoch, seq: seq - 1 });
      this.takeNumbered(roomId, message);
      return;
    }
    if (seq <= stream.cursor.seq) {
      stream.ackedSeq = Math.min(stream.ackedSeq, stream.cursor.seq - 1);
      return;
    }
    stream.held.set(seq, message);
    this.release(roomId, stream);
  }

  /** Everything up to there has come. */
  private moveTo(roomId: string, upTo: number): void {
    const stream = this.streams.get(roomId);
    if (!stream) return;
    for (const seq of [...stream.held.keys()].sort((a, b) => a - b).filter((seq) => seq <= upTo)) {
      const message = stream.held.get(seq);
      stream.held.delete(seq);
      stream.cursor = { ...stream.cursor, seq };
      if (message) this.show(roomId, message);
    }
    stream.cursor = { ...stream.cursor, seq: Math.max(stream.cursor.seq, upTo) };
    this.release(roomId, stream);
  }

  private release(roomId: string, stream: Stream): void {
    for (;;) {
      const seq = stream.cursor.seq + 1;
      const next = stream.held.get(seq);
      if (!next) return;
      stream.held.delete(seq);
      stream.cursor = { ...stream.cursor, seq };
      this.show(roomId, next);
    }
  }

  private show(roomId: string, { seq = 0, data, payload, messageId }: MessageFrame): void {
    this.seen.push({ roomId, seq, data: payload ? this.harness.fetch(payload) : data, messageId });
  }
}
