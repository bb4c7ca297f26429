import { messageText } from "./frame-text.ts";
import type { Deps, Message, Parcel } from "./ports.ts";

/** @param message one of `qos` 0 has no place in a log */
export function parcelOf(
  deps: Pick<Deps, "payloads">,
  message: Omit<Message, "epoch" | "seq"> & Partial<Message>,
): Parcel {
  const { roomId, messageId, epoch, seq, untilMs } = message;
  return {
    roomId,
    messageId,
    text: messageText(deps, message),
    ...(epoch !== undefined && { epoch }),
    ...(seq !== undefined && { seq }),
    ...(untilMs !== undefined && { untilMs }),
  };
}
