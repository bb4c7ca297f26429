import type { MessageFrame, Missed, Position, ServerFrame } from "../../protocol/frames.ts";

/** A message with a position in a log. */
export type LoggedMessage = MessageFrame & Position;
export type LoggedIn = Extract<ServerFrame, { type: "loggedIn" }>;

/** The page's position in one room's log, and the messages that arrived too early. */
export interface ReorderBuffer {
  /** `undefined` until the response to the login says where the log stands. All messages are buffered until then. */
  epoch?: string | undefined;
  /** The page has every message up to this one. */
  seq: number;
  /** Messages that arrived before an earlier one did, in order. */
  buffered: readonly LoggedMessage[];
  /** The log contains messages up to this one, or later ones. */
  head: number;
  /** A message of another epoch. The epoch of the buffer changes only by a response of the server. */
  stray?: Position | undefined;
  /** The next message while its payload is being fetched. All buffered messages wait for it. */
  awaited?: LoggedMessage | undefined;
  /** 0 without a gap, otherwise 1 more than the number of gap requests that were sent. */
  attempts: number;
  /** Number of messages to ack: those that arrived since the last ack, redeliveries included. */
  unacked: number;
  /** Time limit for the next ack in ms, from the newest message. */
  ackWithinMs?: number | undefined;
  hasAcked?: boolean;
  /** Messages whose senders asked for a receipt. */
  receipts: readonly number[];
  /** Response to the login, without its messages. Listeners receive it again when messages were lost. */
  login?: LoggedIn;
}

/** Twice what the server delivers without acks. A replay brings back the messages that do not fit. */
const maxBuffered = 256;

export const emptyBuffer: ReorderBuffer = { seq: 0, buffered: [], head: 0, attempts: 0, unacked: 0, receipts: [] };

/** The page's position in the log, `undefined` before the response to the login. */
export const positionOf = ({ epoch, seq }: ReorderBuffer = emptyBuffer): Position | undefined =>
  epoch ? { epoch, seq } : undefined;

/** The log contains a message that the page does not have and that is not being fetched. */
export const hasGap = ({ epoch, seq, head, stray, awaited }: ReorderBuffer) =>
  !!epoch && ((head > seq && !awaited) || !!stray);

/**
 * Inserts messages, in any order and any number of times.
 *
 * @param upTo positions up to this one without a message, here or in the buffer, are empty for good
 * @returns the new buffer, and the messages that the page may see now, in order
 */
export function insert(
  before: ReorderBuffer,
  messages: readonly LoggedMessage[],
  upTo = 0,
): [ReorderBuffer, ready: readonly LoggedMessage[]] {
  const { epoch, buffered } = before;
  let { seq, stray } = before;
  let awaited: LoggedMessage | undefined;
  const arrived: LoggedMessage[] = [];
  const ready: LoggedMessage[] = [];
  const bySeq = new Map(buffered.map((message) => [message.seq, message]));
  for (const message of messages) {
    if (epoch && message.epoch !== epoch) {
      if (message.epoch !== stray?.epoch) stray = message;
    } else if (message.seq > seq) bySeq.set(message.seq, message);
    else arrived.push(message);
  }
  const early: LoggedMessage[] = [];
  for (const message of [...bySeq.values()].sort((one, other) => one.seq - other.seq)) {
    const isNext = epoch && message.seq <= Math.max(seq, upTo) + 1;
    if (isNext && !message.payload) {
      seq = message.seq;
      ready.push(message);
    } else {
      early.push(message);
      if (isNext) {
        awaited = message;
        seq = upTo = message.seq - 1;
      }
    }
  }
  arrived.push(...ready);
  const receipts = arrived.flatMap((message) => (message.receipt ? [message.seq] : []));
  const after: ReorderBuffer = {
    ...before,
    seq: Math.max(seq, upTo),
    head: Math.max(before.head, upTo, ...bySeq.keys()),
    stray,
    awaited,
    buffered: early.slice(0, maxBuffered),
    unacked: before.unacked + (arrived.length || +(upTo > seq)),
    ackWithinMs: messages.at(-1)?.ackWithinMs,
    receipts: [...before.receipts, ...receipts],
  };
  return [after, ready];
}

/**
 * Applies a server's statement about a log: how far it reaches and, with `recovered`, the messages after the requested
 * position.
 *
 * @returns as `insert`; `isLost`: the log cannot be followed from the page's position, and the buffer starts again
 */
export function catchUp(
  before: ReorderBuffer,
  { epoch, seq, recovered, missed = [], upTo, more }: Position & Partial<Missed>,
): [ReorderBuffer, ready: readonly LoggedMessage[], isLost: boolean] {
  const { buffered, stray, attempts, login } = before;
  const isSameLog = epoch === before.epoch && recovered !== false;
  const isLost = !!before.epoch && !isSameLog;
  // Start position in a log that is new to the page: before a message of it that has arrived, which would be lost
  // otherwise; at 0 if the response contains the messages to show; else where the log stands.
  const start = stray?.epoch === epoch ? Math.min(seq, stray.seq - 1) : recovered ? 0 : seq;
  const buffer = isSameLog ? before : { ...emptyBuffer, epoch, seq: start, attempts, login };
  // Without `more`, the log ends with this response, except for messages that are buffered.
  const head = recovered && !more ? 0 : buffer.head;
  const messages = [...buffered, ...(missed as LoggedMessage[])];
  const [after, ready] = insert({ ...buffer, head }, messages, recovered ? upTo : 0);
  // `more` may stand for a single message that is on its way: + 2 makes the client ask whether another one follows it.
  const newHead = Math.max(after.head, after.seq, seq, more ? after.seq + 2 : 0);
  const newStray = isSameLog && !recovered ? before.stray : undefined;
  return [{ ...after, head: newHead, stray: newStray }, ready, isLost];
}
