import type { Position, Receipt } from "../../protocol/frames.ts";
import type { limits } from "../../protocol/limits.ts";
import { positionOf } from "./reorder-buffer.ts";
import { type Draft, send, startTimer, stopTimer } from "./state.ts";

/** Rooms with unacked messages: all of them, or only those without `ackWithinMs` or with one up to `maxMs`. */
const dueRooms = ({ buffers }: Draft, maxMs?: number) =>
  // A comparison with `undefined` is false, so a missing value excludes no room.
  [...buffers].filter(([, { unacked, ackWithinMs }]) => unacked > 0 && !((ackWithinMs as number) > (maxMs as number)));

/** Schedules acks for the messages that arrived. */
export function scheduleAcks(draft: Draft): void {
  /** This many unacked messages are acked immediately. */
  const maxUnacked = 64;
  let sum = 0;
  for (const [, { unacked, ackWithinMs }] of dueRooms(draft)) {
    // Starting the timer again does not postpone the ack: the page always acks at the same moment of the interval.
    if (ackWithinMs) startTimer(draft, "ack", ackWithinMs);
    else sum += unacked;
  }
  if (sum >= maxUnacked) sendAcks(draft, 0);
  else if (sum > 0 && !draft.willAck) {
    draft.willAck = true;
    startTimer(draft, "ack", 0);
  }
}

/** Schedules all acks again: the server failed to store some, and its error does not say which. */
export function repeatAcks(draft: Draft): void {
  /** Interval over which pages spread the repeated acks, as many may have failed. A redelivery is acked earlier. */
  const repeatWithinMs = 64_000;
  for (const [roomId, buffer] of draft.buffers) {
    if (buffer.hasAcked) draft.buffers.set(roomId, { ...buffer, unacked: 1, ackWithinMs: repeatWithinMs });
  }
  scheduleAcks(draft);
}

/**
 * Sends the page's position in each room with unacked messages.
 *
 * @param maxMs excludes rooms with a longer `ackWithinMs`; without it no room is excluded
 * @param ref `last`: the page is about to leave, so a refusal of this ack means nothing
 */
export function sendAcks(draft: Draft, maxMs?: number, ref: "ack" | "last" = "ack"): void {
  const receiptsPerAck: (typeof limits)["receiptsPerAck"] = 64;
  const due = dueRooms(draft, maxMs);
  draft.willAck = false;
  if (draft.link !== "open" || due.length === 0) return;
  stopTimer(draft, "ack", 0);
  const { session } = draft;
  const rooms = due.map(([roomId, buffer]) => ({ roomId, ...(positionOf(buffer) as Position) }));
  const receipts = due.flatMap(([roomId, buffer]) => buffer.receipts.map((seq): Receipt => ({ roomId, seq })));
  do {
    const part = receipts.splice(0, receiptsPerAck);
    send(draft, { action: "ack", session, rooms, receipts: part[0] && part, ref });
  } while (receipts.length > 0);
  for (const [roomId, buffer] of due) {
    draft.buffers.set(roomId, { ...buffer, unacked: 0, receipts: [], hasAcked: true });
  }
}
