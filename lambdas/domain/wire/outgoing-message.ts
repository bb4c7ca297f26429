import type { Deps } from "../model/deps.ts";
import type { SentMessage } from "../model/message.ts";
import type { OutgoingMessage } from "../model/outgoing-message.ts";
import { serializeMessage } from "./serialize.ts";

/** Makes the frames of a message. @param ackWithinMs in a large room, the time over which the members spread their acks */
export function outgoingMessageOf(
  deps: Pick<Deps, "payloads">,
  message: SentMessage,
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

/** The same message with a new URL of its payload. A message may wait in a queue for longer than a URL is valid. */
export const withFreshUrl = <P extends OutgoingMessage>(deps: Pick<Deps, "payloads">, outgoing: P): P =>
  outgoing.source ? { ...outgoing, text: serializeMessage(deps, outgoing.source, outgoing.ackWithinMs) } : outgoing;

/** No page listens to this event: the frame only advances the page's number. */
const skipEvent = "@skip";

/** A frame with the message's number, and without its event and data. */
export const serializeSkip = (
  deps: Pick<Deps, "payloads">,
  { payload: _, ...message }: SentMessage,
  ackWithinMs?: number,
) => serializeMessage(deps, { ...message, eventName: skipEvent, rawData: "null" }, ackWithinMs);
