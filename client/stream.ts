import type { MessageFrame, Missed, Position, ServerFrame } from "../protocol/frames.ts";

/** A message that has its place in a log. */
export type Logged = MessageFrame & Position;

export type LoggedIn = Extract<ServerFrame, { type: "loggedIn" }>;

/** How far the page is in one room's log. */
export interface Stream {
  /** `undefined` until the login has told where the log stands; all messages are held until then. */
  epoch: string | undefined;
  /** The page has everything up to here. */
  seq: number;
  /** What came too early, in order. */
  held: readonly Logged[];
  /** The log reaches at least up to here. */
  head: number;
  /** First place that was seen of another epoch; only the server's own answer makes that the stream's epoch. */
  stray: Position | undefined;
  /** How often the gap that stands was asked for; `undefined` while there is none. */
  tries: number | undefined;
  /** Something arrived since the last ack. */
  isDue: boolean;
  /** The login's answer, without what was missed; the page hears it again if the stream is lost. */
  login: LoggedIn | undefined;
  /** Messages whose senders want to know that they arrived. */
  receipts: readonly number[];
}
export interface Taken {
  stream: Stream;
  /** What the page may see now, in order. */
  shown: readonly Logged[];
  /** How many arrived that are to be acked, again or for the first time. */
  toAck: number;
}

/** The server has at most half as many under way; what is dropped above it comes back by a replay. */
const heldMax = 256;

export const newStream: Stream = {
  epoch: undefined,
  seq: 0,
  held: [],
  head: 0,
  stray: undefined,
  tries: undefined,
  isDue: false,
  login: undefined,
  receipts: [],
};

/** Something is in the log that the page does not have. */
export const hasGap = ({ epoch, seq, head, stray }: Stream) => epoch !== undefined && (head > seq || !!stray);

/**
 * Takes messages in, in whatever order and however often they come.
 *
 * @param upTo numbers up to here that are neither among these messages nor held hold nothing
 */
export function take(stream: Stream, messages: readonly Logged[], upTo = 0): Taken {
  let { epoch, seq, head, stray } = stream;
  const bySeq = new Map(stream.held.map((message) => [message.seq, message]));
  const arrived: Logged[] = [];
  for (const message of messages) {
    if (epoch && message.epoch !== epoch) {
      if (message.epoch !== stray?.epoch || message.seq < stray.seq) stray = message;
    } else if (message.seq > seq) {
      bySeq.set(message.seq, message);
      head = Math.max(head, message.seq);
    } else arrived.push(message);
  }
  const held = [...bySeq.values()].sort((one, other) => one.seq - other.seq);
  const shown: Logged[] = [];
  for (let next = held[0]; epoch && next && next.seq <= Math.max(seq, upTo) + 1; next = held[0]) {
    seq = next.seq;
    shown.push(next);
    held.shift();
  }
  arrived.push(...shown);
  const toAck = arrived.length || +(upTo > seq);
  seq = Math.max(seq, upTo);
  const receipts = arrived.filter(({ receipt }) => receipt).map((message) => message.seq);
  return {
    stream: {
      ...stream,
      seq,
      head: Math.max(head, seq),
      stray,
      held: held.slice(0, heldMax),
      isDue: stream.isDue || toAck > 0,
      receipts: [...stream.receipts, ...receipts],
    },
    shown,
    toAck,
  };
}

/**
 * Takes in what the server says about a log: how far it reaches, and with `recovered` what there is behind the place
 * that was asked for. `isLost`: the stream could not be followed from where it was.
 */
export function catchUp(
  stream: Stream,
  { epoch, seq, recovered, missed, upTo, more }: Position & Partial<Missed>,
): Taken & { isLost: boolean } {
  const isNew = stream.epoch === undefined;
  const isLost = !isNew && (recovered === false || epoch !== stream.epoch);
  const follows = recovered === true && !isLost;
  // Whoever just came is where the log stands, or at the beginning of what it asked for.
  const start = isNew && recovered ? 0 : seq;
  const begun = isNew || isLost ? beginAt(stream, { epoch, seq: start }) : stream;
  const taken = follows ? take(begun, missed as Logged[], upTo) : take(begun, []);
  const { seq: at, head, held } = taken.stream;
  const known = follows
    ? // `more` may mean one message that comes by itself: whether there is another one behind it is to be asked.
      more
      ? Math.max(head, at + 2)
      : Math.max(at, held.at(-1)?.seq ?? 0)
    : Math.max(head, seq);
  const stray = follows ? undefined : taken.stream.stray;
  return { ...taken, stream: { ...taken.stream, head: known, stray }, isLost };
}

function beginAt({ held, stray, tries, login }: Stream, { epoch, seq }: Position): Stream {
  // What was seen of the new epoch already need not be lost with the old one.
  const start = stray?.epoch === epoch ? Math.min(seq, stray.seq - 1) : seq;
  const kept = held.filter((message) => message.epoch === epoch && message.seq > start);
  return { ...newStream, epoch, seq: start, head: kept.at(-1)?.seq ?? start, held: kept, tries, login };
}
