import type { Deps } from "../model/deps.ts";
import type { PostOutcome } from "../model/gateway.ts";
import type { Message } from "../model/message.ts";
import { skipText } from "../wire/outgoing-message.ts";
import { messageText, textBytes } from "../wire/serialize.ts";
import { post } from "./post.ts";
import type { Pace } from "./rate-limiter.ts";

/**
 * Posts a logged message that is too large for a frame with others. Should API Gateway find it too large even so, its
 * number is sent without it: the page would hold back for ever what comes behind it.
 *
 * @param ackWithinMs where many get it at once: within how long they are to ack
 * @returns `tooLarge` if only the number went out
 */
export async function postAlone(
  deps: Pick<Deps, "gateway" | "noteTrouble" | "payloads" | "random" | "wait">,
  connectionId: string,
  message: Message,
  ackWithinMs?: number,
  pace?: Pace,
): Promise<PostOutcome> {
  const text = messageText(deps, message, ackWithinMs);
  const outcome = await post(deps, connectionId, text, pace);
  if (outcome !== "tooLarge") return outcome;
  const what = `message ${message.messageId} has a frame of ${textBytes(text)} bytes, which API Gateway does not take`;
  deps.noteTrouble("delivery", new Error(`${what}; its number was sent without it`));
  const passed = await post(deps, connectionId, skipText(deps, message, ackWithinMs), pace);
  return passed === "sent" ? "tooLarge" : passed;
}
