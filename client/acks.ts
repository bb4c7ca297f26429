import type { Position, Receipt } from "../protocol/frames.ts";
import type { limits } from "../protocol/limits.ts";
import { type Draft, send, start, stop } from "./state.ts";
import { placeIn } from "./stream.ts";

const dueIn = ({ streams }: Draft) => [...streams].filter(([, { unacked }]) => unacked > 0);

/** To be called whenever something may have arrived. */
export function ackSoon(draft: Draft): void {
  /** So many are acked at once, fewer after a moment. */
  const ackAtOnce = 64;
  const unacked = dueIn(draft).reduce((sum, [, stream]) => sum + stream.unacked, 0);
  if (unacked >= ackAtOnce) sendAcks(draft);
  else if (unacked > 0 && !draft.willAck) {
    draft.willAck = true;
    start(draft, "ack");
  }
}

/**
 * Says how far the page is in each room where something arrived.
 *
 * @param ref `last`: the page is about to leave. If this comes too late, that is no news
 */
export function sendAcks(draft: Draft, ref: "ack" | "last" = "ack"): void {
  const receiptsPerAck: (typeof limits)["receiptsPerAck"] = 64;
  const due = dueIn(draft);
  draft.willAck = false;
  if (draft.link !== "open" || due.length === 0) return;
  stop(draft, "ack");
  const { session } = draft;
  const rooms = due.map(([roomId, stream]) => ({ roomId, ...(placeIn(stream) as Position) }));
  const receipts = due.flatMap(([roomId, stream]) => stream.receipts.map((seq): Receipt => ({ roomId, seq })));
  do {
    const some = receipts.splice(0, receiptsPerAck);
    send(draft, { action: "ack", session, rooms, receipts: some[0] && some, ref });
  } while (receipts.length > 0);
  for (const [roomId, stream] of due) draft.streams.set(roomId, { ...stream, unacked: 0, receipts: [] });
}
