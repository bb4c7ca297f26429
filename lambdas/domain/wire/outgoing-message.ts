import type { Deps } from "../model/deps.ts";
import type { Message } from "../model/message.ts";
import type { Parcel } from "../model/outgoing-message.ts";
import { messageText } from "./serialize.ts";

/**
 * @param message one of `qos` 0 has no place in a log
 * @param ackWithinMs where many get it at once: within how long they are to ack
 */
export function parcelOf(
  deps: Pick<Deps, "payloads">,
  message: Omit<Message, "epoch" | "seq"> & Partial<Message>,
  ackWithinMs?: number,
): Parcel {
  const { roomId, messageId, epoch, seq, untilMs, exclude } = message;
  return {
    roomId,
    messageId,
    text: messageText(deps, message, ackWithinMs),
    ...(ackWithinMs !== undefined && { ackWithinMs }),
    ...(message.payload && { apart: message }),
    ...(epoch !== undefined && { epoch }),
    ...(seq !== undefined && { seq }),
    ...(untilMs !== undefined && { untilMs }),
    ...(exclude && {
      except: { subjects: exclude, ...(seq !== undefined && { text: skipText(deps, message, ackWithinMs) }) },
    }),
  };
}

/** The same with an address that was made now: a parcel may have lain in a queue for longer than one holds. */
export const readdressed = <P extends Parcel>(deps: Pick<Deps, "payloads">, parcel: P): P =>
  parcel.apart ? { ...parcel, text: messageText(deps, parcel.apart, parcel.ackWithinMs) } : parcel;

/** No page listens to an event of this name: a number passes, and nothing else. */
const skippedEvent = "@skip";

/** Its number alone. */
export const skipText = (
  deps: Pick<Deps, "payloads">,
  { payload: _, ...message }: Parameters<typeof parcelOf>[1],
  ackWithinMs?: number,
) => messageText(deps, { ...message, eventName: skippedEvent, rawData: "null" }, ackWithinMs);
