import type { MessageFrame, Missed, Position, ServerFrame } from "../../protocol/frames.ts";

/** A message that has its place in a log. */
export type Logged = MessageFrame & Position;
export type LoggedIn = Extract<ServerFrame, { type: "loggedIn" }>;

/** How far the page is in one room's log. */
export interface Stream {
  /** `undefined` until the login has told where the log stands; all messages are held until then. */
  epoch?: string | undefined;
  /** The page has everything up to here. */
  seq: number;
  /** What came too early, in order. */
  held: readonly Logged[];
  /** The log reaches at least up to here. */
  head: number;
  /** A message of another epoch; only the server's own answer makes that the stream's epoch. */
  stray?: Position | undefined;
  /** The message that is next and has a payload: until that is there, all that is held waits. */
  awaited?: Logged | undefined;
  /** 0 while there is no gap; else one more than it was asked for. */
  tries: number;
  /** How many messages arrived since the last ack, again or for the first time. */
  unacked: number;
  /** They are to be acked within so long, as the newest of them said. */
  ackWithinMs?: number | undefined;
  hasAcked?: boolean;
  /** Those whose senders want to know. */
  receipts: readonly number[];
  /** The login's answer, without what was missed; the page hears it again if the stream is lost. */
  login?: LoggedIn;
}

/** The server has at most half as many under way; what is dropped above it comes back by a replay. */
const heldMax = 256;

export const newStream: Stream = { seq: 0, held: [], head: 0, tries: 0, unacked: 0, receipts: [] };

/** Up to where the page has the log; `undefined` if it does not know the log yet. */
export const placeIn = ({ epoch, seq }: Stream = newStream): Position | undefined =>
  epoch ? { epoch, seq } : undefined;

/** Something is in the log that the page does not have, and nobody is bringing it. */
export const hasGap = ({ epoch, seq, head, stray, awaited }: Stream) =>
  !!epoch && ((head > seq && !awaited) || !!stray);

/**
 * Takes messages in, in whatever order and however often they come.
 *
 * @param upTo numbers up to here that are neither among these messages nor held hold nothing
 * @returns with what the page may see now, in order
 */
export function take(before: Stream, messages: readonly Logged[], upTo = 0): [Stream, shown: readonly Logged[]] {
  const { epoch, held } = before;
  let { seq, stray } = before;
  let awaited: Logged | undefined;
  const arrived: Logged[] = [];
  const shown: Logged[] = [];
  const bySeq = new Map(held.map((message) => [message.seq, message]));
  for (const message of messages) {
    if (epoch && message.epoch !== epoch) {
      if (message.epoch !== stray?.epoch) stray = message;
    } else if (message.seq > seq) bySeq.set(message.seq, message);
    else arrived.push(message);
  }
  const early: Logged[] = [];
  for (const message of [...bySeq.values()].sort((one, other) => one.seq - other.seq)) {
    const isNext = epoch && message.seq <= Math.max(seq, upTo) + 1;
    if (isNext && !message.payload) {
      seq = message.seq;
      shown.push(message);
    } else {
      early.push(message);
      if (isNext) {
        awaited = message;
        seq = upTo = message.seq - 1;
      }
    }
  }
  arrived.push(...shown);
  const receipts = arrived.flatMap((message) => (message.receipt ? [message.seq] : []));
  const after: Stream = {
    ...before,
    seq: Math.max(seq, upTo),
    head: Math.max(before.head, upTo, ...bySeq.keys()),
    stray,
    awaited,
    held: early.slice(0, heldMax),
    unacked: before.unacked + (arrived.length || +(upTo > seq)),
    ackWithinMs: messages.at(-1)?.ackWithinMs,
    receipts: [...before.receipts, ...receipts],
  };
  return [after, shown];
}

/**
 * Takes in what the server says about a log: how far it reaches, and with `recovered` what there is behind the place
 * that was asked for. `isLost`: the stream could not be followed from where it was, and begins anew.
 */
export function catchUp(
  before: Stream,
  { epoch, seq, recovered, missed = [], upTo, more }: Position & Partial<Missed>,
): [Stream, shown: readonly Logged[], isLost: boolean] {
  const { held, stray, tries, login } = before;
  const isBegun = epoch === before.epoch && recovered !== false;
  const isLost = !!before.epoch && !isBegun;
  // What was seen of a new epoch already need not be lost with the old one; and who asked for more than what comes
  // from now on begins with that.
  const begin = stray?.epoch === epoch ? Math.min(seq, stray.seq - 1) : recovered ? 0 : seq;
  const stream = isBegun ? before : { ...newStream, epoch, seq: begin, tries, login };
  // Without `more`, nothing is behind the answer but what came since.
  const known = recovered && !more ? 0 : stream.head;
  const messages = [...held, ...(missed as Logged[])];
  const [after, shown] = take({ ...stream, head: known }, messages, recovered ? upTo : 0);
  // `more` may mean one message that comes by itself: whether another one is behind it is to be asked.
  const head = Math.max(after.head, after.seq, seq, more ? after.seq + 2 : 0);
  return [{ ...after, head, stray: isBegun && !recovered ? before.stray : undefined }, shown, isLost];
}
