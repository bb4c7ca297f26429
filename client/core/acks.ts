import type { Position, Receipt } from "../../protocol/frames.ts";
import type { limits } from "../../protocol/limits.ts";
import { placeIn } from "./reorder-buffer.ts";
import { type Draft, send, start, startAgain, stop } from "./state.ts";

// What is absent is not more than anything, nor is anything more than that.
const dueIn = ({ streams }: Draft, mostMs?: number) =>
  [...streams].filter(([, { unacked, ackWithinMs }]) => unacked > 0 && !((ackWithinMs as number) > (mostMs as number)));

/** To be called whenever something may have arrived. */
export function ackSoon(draft: Draft): void {
  /** So many are acked at once, fewer after a moment. */
  const ackAtOnce = 64;
  let sum = 0;
  for (const [, { unacked, ackWithinMs }] of dueIn(draft)) {
    // A moment that is due already stays the same.
    if (ackWithinMs) startAgain(draft, ackWithinMs, "ack", ackWithinMs);
    else sum += unacked;
  }
  if (sum >= ackAtOnce) sendAcks(draft, 0);
  else if (sum > 0 && !draft.willAck) {
    draft.willAck = true;
    start(draft, "ack", 0);
  }
}

/** The server had trouble with acks, and does not say with which. */
export function ackAgain(draft: Draft): void {
  /** Within that they go again, as all pages may have had that trouble. What is sent again is acked sooner. */
  const ackAgainMs = 64_000;
  for (const [roomId, stream] of draft.streams) {
    if (stream.hasAcked) draft.streams.set(roomId, { ...stream, unacked: 1, ackWithinMs: ackAgainMs });
  }
  ackSoon(draft);
}

/**
 * Says how far the page is in each room where something arrived.
 *
 * @param mostMs not in rooms whose members spread their acks over more; in all without it
 * @param ref `last`: the page is about to leave. If this comes too late, that is no news
 */
export function sendAcks(draft: Draft, mostMs?: number, ref: "ack" | "last" = "ack"): void {
  const receiptsPerAck: (typeof limits)["receiptsPerAck"] = 64;
  const due = dueIn(draft, mostMs);
  draft.willAck = false;
  if (draft.link !== "open" || due.length === 0) return;
  stop(draft, "ack", 0);
  const { session } = draft;
  const rooms = due.map(([roomId, stream]) => ({ roomId, ...(placeIn(stream) as Position) }));
  const receipts = due.flatMap(([roomId, stream]) => stream.receipts.map((seq): Receipt => ({ roomId, seq })));
  do {
    const some = receipts.splice(0, receiptsPerAck);
    send(draft, { action: "ack", session, rooms, receipts: some[0] && some, ref });
  } while (receipts.length > 0);
  for (const [roomId, stream] of due) {
    draft.streams.set(roomId, { ...stream, unacked: 0, receipts: [], hasAcked: true });
  }
}
