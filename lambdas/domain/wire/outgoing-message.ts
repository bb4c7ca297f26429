import type { Deps } from "../model/deps.ts";
import type { Message } from "../model/message.ts";
import type { OutgoingMessage } from "../model/outgoing-message.ts";
import { serializeMessage } from "./serialize.ts";

/**
 * @param message one of `qos` 0 has no place in a log
 * @param ackWithinMs where many get it at once: within how long they are to ack
 */
export function outgoingMessageOf(
  deps: Pick<Deps, "payloads">,
  message: Omit<Message, "epoch" | "seq"> & Partial<Message>,
  ackWithinMs?: number,
): OutgoingMessage {
  const { roomId, messageId, epoch, seq, ttlEndsAtMs, exclude } = message;
  return {
    roomId,
    messageId,
    text: serializeMessage(deps, message, ackWithinMs),
    ...(ackWithinMs !== undefined && { ackWithinMs }),
    ...(message.payload && { source: message }),
    ...(epoch !== undefined && { epoch }),
    ...(seq !== undefined && { seq }),
    ...(ttlEndsAtMs !== undefined && { ttlEndsAtMs }),
    ...(exclude && {
      excluded: { subjects: exclude, ...(seq !== undefined && { text: serializeSkip(deps, message, ackWithinMs) }) },
    }),
  };
}

/** The same with an address that was made now: a parcel may have lain in a queue for longer than one holds. */
export const withFreshUrl = <P extends OutgoingMessage>(deps: Pick<Deps, "payloads">, outgoing: P): P =>
  outgoing.source ? { ...outgoing, text: serializeMessage(deps, outgoing.source, outgoing.ackWithinMs) } : outgoing;

/** No page listens to an event of this name: a number passes, and nothing else. */
const skippedEvent = "@skip";

/** Its number alone. */
export const serializeSkip = (
  deps: Pick<Deps, "payloads">,
  { payload: _, ...message }: Parameters<typeof outgoingMessageOf>[1],
  ackWithinMs?: number,
) => serializeMessage(deps, { ...message, eventName: skippedEvent, rawData: "null" }, ackWithinMs);
