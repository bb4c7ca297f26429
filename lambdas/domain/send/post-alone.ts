import type { Deps } from "../model/deps.ts";
import type { PostOutcome } from "../model/gateway.ts";
import type { Message } from "../model/message.ts";
import { serializeSkip } from "../wire/outgoing-message.ts";
import { serializeMessage, utf8Bytes } from "../wire/serialize.ts";
import { post } from "./post.ts";
import type { RateLimiter } from "./rate-limiter.ts";

/**
 * Posts a logged message that is too large for a frame with others. If API Gateway refuses it as too large, its number is
 * posted without it. Otherwise the page would buffer all later messages for ever.
 *
 * @param ackWithinMs in a large room, the time over which the members spread their acks
 * @returns `tooLarge` if only the number was sent
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
  const problem = `message ${message.messageId} has a frame of ${utf8Bytes(text)} bytes, which API Gateway does not take`;
  deps.logError("delivery", new Error(`${problem}; its number was sent without it`));
  const skipped = await post(deps, connectionId, serializeSkip(deps, message, ackWithinMs), limiter);
  return skipped === "sent" ? "tooLarge" : skipped;
}
