import type { Receipt } from "../protocol/frames.ts";
import type { limits } from "../protocol/limits.ts";
import type { Effect, State, Step } from "./state.ts";
import type { Stream } from "./stream.ts";

/** So many are acked at once, fewer after a moment. */
const ackAtOnce = 64;
const receiptsPerAck: (typeof limits)["receiptsPerAck"] = 64;

/** Notes that so many messages arrived, again or for the first time. */
export function ackSoon(state: State, arrived: number): Step {
  if (arrived === 0) return [state, []];
  const after = { ...state, unacked: state.unacked + arrived };
  if (after.unacked >= ackAtOnce) return sendAcks(after);
  return [after, state.unacked === 0 ? [{ do: "start", timer: "ack", tries: 0 }] : []];
}

/**
 * Says how far the page is in each room where something arrived.
 *
 * @param isLast the page is about to leave: if this comes too late, that is no news
 */
export function sendAcks(state: State, isLast = false): Step {
  if (state.link.at !== "open" || state.unacked === 0) return [state, []];
  const due = [...state.streams].filter(([, { isDue }]) => isDue);
  const rooms = due.map(([roomId, { epoch = "", seq }]) => ({ roomId, epoch, seq }));
  const receipts = due.flatMap(([roomId, stream]) => stream.receipts.map((seq): Receipt => ({ roomId, seq })));
  const { session } = state;
  const effects: Effect[] = [{ do: "stop", timer: "ack" }];
  do {
    const some = receipts.splice(0, receiptsPerAck);
    const frame = { action: "ack", session, rooms, receipts: some[0] && some, ref: isLast ? "last" : "ack" } as const;
    effects.push({ do: "send", frame });
  } while (receipts.length > 0);
  const acked = ([roomId, stream]: [string, Stream]) => [roomId, { ...stream, isDue: false, receipts: [] }] as const;
  return [{ ...state, unacked: 0, streams: new Map([...state.streams].map(acked)) }, effects];
}
