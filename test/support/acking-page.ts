import { ack } from "../../lambdas/domain/delivery/ack.ts";
import { replay } from "../../lambdas/domain/delivery/replay.ts";
import type { MessageFrame, Missed, Position, ServerFrame } from "../../protocol/frames.ts";
import type { LoginPolicy } from "../../protocol/ids.ts";
import { type FrameListener, type Harness, type Page, type PageOptions, wireOf } from "./harness.ts";

interface RoomStream {
  cursor: Position;
  /** Reorder buffer: messages that arrived before their predecessors, by `seq`. */
  buffered: Map<number, MessageFrame>;
  /** The newest `seq` that was acknowledged. */
  ackedSeq: number;
  /** The log holds further messages for this page. */
  wantsMore: boolean;
}
/** A message that the page's callback received. */
export interface Seen {
  roomId: string;
  seq: number;
  data: unknown;
  messageId: string;
}

/**
 * The smallest client that follows the protocol: it shows each message once and in order, and acknowledges it. It has no
 * timers: tests call `ack` and `fill`.
 */
export class AckingPage implements FrameListener {
  readonly page: Page;
  readonly seen: Seen[] = [];
  /** Rooms whose epoch changed, or whose log could not be caught up. */
  readonly resets: string[] = [];
  /** Message ids of receipts. */
  readonly delivered: string[] = [];
  /** Replies to acks that were refused. */
  readonly refusals: ServerFrame[] = [];
  private readonly streams = new Map<string, RoomStream>();
  private readonly harness: Harness;

  constructor(harness: Harness, options: PageOptions = {}) {
    this.harness = harness;
    this.page = harness.page({ acks: true, ...options });
    this.page.listener = this;
  }

  static async open(harness: Harness, options: PageOptions = {}): Promise<AckingPage> {
    const acking = new AckingPage(harness, options);
    await acking.page.open();
    return acking;
  }

  login = (roomId: string, type?: LoginPolicy) => this.page.login(roomId, type);

  since = (roomId: string): Position | undefined => this.streams.get(roomId)?.cursor;

  dataOf = (roomId: string) => this.seen.filter((seen) => seen.roomId === roomId).map(({ data }) => data);

  onFrame(frame: ServerFrame): void {
    switch (frame.type) {
      case "message":
        this.receive(frame);
        return;
      case "connected":
        for (const room of frame.rooms) this.onFrame(room);
        return;
      case "loggedIn": {
        const { roomId, epoch, seq, missed } = frame;
        if (missed !== undefined) {
          this.catchUp(roomId, epoch, seq, frame as Missed);
          return;
        }
        const stream = this.streams.get(roomId);
        if (stream && stream.cursor.epoch !== epoch) this.resets.push(roomId);
        if (!stream || stream.cursor.epoch !== epoch) this.start(roomId, { epoch, seq });
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

  /** Acknowledges everything that was shown and is not acknowledged yet. */
  async ack(): Promise<void> {
    const due = [...this.streams].filter(([, { cursor, ackedSeq }]) => cursor.seq > ackedSeq);
    if (due.length === 0 || this.page.connectionState !== "open") return;
    const { connectionId, session, caller } = this.page;
    const rooms = due.map(([roomId, { cursor }]) => ({ roomId, ...cursor }));
    const receipts = this.seen.slice(-64).map(({ roomId, seq }) => ({ roomId, seq }));
    const reply = await ack(this.harness.deps, caller, { action: "ack", session, rooms, receipts });
    if (connectionId !== this.page.connectionId || this.page.connectionState !== "open") return;
    for (const [i, [, stream]] of due.entries()) {
      stream.ackedSeq = Math.max(stream.ackedSeq, rooms[i]?.seq ?? 0);
    }
    if (reply?.type === "refused") this.refusals.push(reply);
    if (reply) this.onFrame(wireOf(reply));
  }

  /** Requests missing messages by `replay`. @returns whether any were missing */
  async fill(): Promise<boolean> {
    const gaps = [...this.streams].filter(([, { wantsMore, buffered }]) => wantsMore || buffered.size > 0);
    if (this.page.connectionState !== "open") return false;
    for (const [roomId, stream] of gaps) {
      const { connectionId, caller } = this.page;
      const { epoch, seq: after } = stream.cursor;
      stream.wantsMore = false;
      const reply = await replay(this.harness.deps, caller, { action: "replay", roomId, epoch, after });
      if (connectionId === this.page.connectionId) this.onFrame(wireOf(reply));
    }
    return gaps.length > 0;
  }

  /** Drops the stream of a room that the page has left. */
  forget(roomId: string): void {
    this.streams.delete(roomId);
  }

  private start(roomId: string, cursor: Position): void {
    this.streams.set(roomId, { cursor, buffered: new Map(), ackedSeq: cursor.seq, wantsMore: false });
  }

  private wantMore(roomId: string): void {
    const stream = this.streams.get(roomId);
    if (stream) stream.wantsMore = true;
  }

  private catchUp(roomId: string, epoch: string, seq: number, { recovered, missed, upTo, more }: Missed): void {
    const stream = this.streams.get(roomId);
    if (stream && (!recovered || stream.cursor.epoch !== epoch)) this.resets.push(roomId);
    if (!recovered) {
      this.start(roomId, { epoch, seq });
      return;
    }
    const first = missed[0]?.seq;
    if (!stream || stream.cursor.epoch !== epoch) this.start(roomId, { epoch, seq: first ? first - 1 : upTo });
    for (const message of missed) this.takeNumbered(roomId, message);
    this.moveTo(roomId, upTo);
    if (more) this.wantMore(roomId);
  }

  private receive(message: MessageFrame): void {
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
      this.start(roomId, { epoch, seq: seq - 1 });
      this.takeNumbered(roomId, message);
      return;
    }
    if (seq <= stream.cursor.seq) {
      stream.ackedSeq = Math.min(stream.ackedSeq, stream.cursor.seq - 1);
      return;
    }
    stream.buffered.set(seq, message);
    this.release(roomId, stream);
  }

  /** Moves the cursor: everything up to `upTo` has arrived or does not exist. */
  private moveTo(roomId: string, upTo: number): void {
    const stream = this.streams.get(roomId);
    if (!stream) return;
    for (const seq of [...stream.buffered.keys()].sort((a, b) => a - b).filter((seq) => seq <= upTo)) {
      const message = stream.buffered.get(seq);
      stream.buffered.delete(seq);
      stream.cursor = { ...stream.cursor, seq };
      if (message) this.show(roomId, message);
    }
    stream.cursor = { ...stream.cursor, seq: Math.max(stream.cursor.seq, upTo) };
    this.release(roomId, stream);
  }

  private release(roomId: string, stream: RoomStream): void {
    for (;;) {
      const seq = stream.cursor.seq + 1;
      const next = stream.buffered.get(seq);
      if (!next) return;
      stream.buffered.delete(seq);
      stream.cursor = { ...stream.cursor, seq };
      this.show(roomId, next);
    }
  }

  private show(roomId: string, { seq = 0, data, payload, messageId }: MessageFrame): void {
    this.seen.push({ roomId, seq, data: payload ? this.harness.fetch(payload) : data, messageId });
  }
}
