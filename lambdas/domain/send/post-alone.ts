import type { Deps } from "../model/deps.ts";
import type { PostOutcome } from "../model/gateway.ts";
import type { Message } from "../model/message.ts";
import { serializeSkip } from "../wire/outgoing-message.ts";
import { serializeMessage, utf8Bytes } from "../wire/serialize.ts";
import { post } from "./post.ts";
import type { RateLimiter } from "./rate-limiter.ts";

/**
 * Posts a logged message that is too large for a frame with others. Should API Gateway find it too large even so, its
 * number is sent without it: the page would hold back for ever what comes behind it.
 *
 * @param ackWithinMs where many get it at once: within how long they are to ack
 * @returns `tooLarge` if only the number went out
 */
export async function postAlone(
  deps: Pick<Deps, "gateway" | "logError" | "payloads" | "random" | "wait">,
  connectionId: string,
  message: Message,
  ackWithinMs?: number,
  limiter?: RateLimiter,
): Promise<PostOutcome> {
  const text = serializeMessage(deps, message, ackWithinMs);
  const outcome = await post(deps, connectionId, text, limiter);
  if (outcome !== "tooLarge") return outcome;
  const what = `message ${message.messageId} has a frame of ${utf8Bytes(text)} bytes, which API Gateway does not take`;
  deps.logError("delivery", new Error(`${what}; its number was sent without it`));
  const passed = await post(deps, connectionId, serializeSkip(deps, message, ackWithinMs), limiter);
  return passed === "sent" ? "tooLarge" : passed;
}
