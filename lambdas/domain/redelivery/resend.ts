import type { DeliverDeps } from "../delivery/deliver.ts";
import { missedBytes } from "../log/read.ts";
import { prune } from "../membership/prune.ts";
import type { Deps } from "../model/deps.ts";
import type { Member } from "../model/member.ts";
import type { LogEntry, Message } from "../model/message.ts";
import type { Room } from "../model/room.ts";
import type { AckWait } from "../schedule/ack-wait.ts";
import { post } from "../send/post.ts";
import { postAlone } from "../send/post-alone.ts";
import type { RateLimiter } from "../send/rate-limiter.ts";
import { serializeRedelivery } from "../wire/redelivery-frame.ts";
import { serializeMessage, utf8Bytes } from "../wire/serialize.ts";

/**
 * Sends messages again, up to the first post that is not taken. In frames of several: those of a member that is far
 * behind cost one post, not one each.
 *
 * @param entries oldest first
 * @param pace the turn of the first post is the caller's to take; where there is none for a further one, the rest waits
 * @returns what API Gateway does not take for any member, and is not to be tried again; and whether the connection has
 *   ended, and the place with it
 */
export async function resend(
  deps: DeliverDeps & Pick<Deps, "logError" | "payloads">,
  room: Pick<Room, "roomId" | "epoch"> & Pick<AckWait, "ackWithinMs">,
  member: Member,
  entries: readonly LogEntry[],
  limiter: RateLimiter,
): Promise<{ refused: LogEntry[]; isGone: boolean }> {
  const { frames, large } = batches(deps, room, member, entries);
  const refused: LogEntry[] = [];
  const posts = [
    ...frames.map((text) => () => post(deps, member.connectionId, text, limiter)),
    ...large.map(({ seq, atMs, message }) => async () => {
      const outcome = await postAlone(deps, member.connectionId, message, room.ackWithinMs || undefined, limiter);
      if (outcome === "tooLarge") refused.push({ seq, atMs, message });
      return outcome;
    }),
  ];
  for (const [sent, next] of posts.entries()) {
    if (sent > 0 && !(await limiter.acquire())) break;
    const outcome = await next();
    if (outcome === "gone" && (await prune(deps, room.roomId, member))) return { refused, isGone: true };
    if (outcome !== "sent" && outcome !== "tooLarge") break;
  }
  return { refused, isGone: false };
}

type Filled = LogEntry & { message: Message };

/** @returns the frames, and what is too large to go with others */
function batches(
  deps: Pick<Deps, "payloads">,
  room: Parameters<typeof resend>[1],
  member: Member,
  entries: readonly LogEntry[],
): { frames: string[]; large: Filled[] } {
  // It may be the whole room that is sent to again, such as after trouble with its acks.
  const ackWithinMs = room.ackWithinMs || undefined;
  const large: Filled[] = [];
  const frames: string[] = [];
  let batch: string[] = [];
  let bytes = 0;
  const close = () => {
    if (batch.length > 0) frames.push(serializeRedelivery(room.roomId, room.epoch, batch, member.cursor?.seq));
    batch = [];
    bytes = 0;
  };
  for (const { message, ...entry } of entries) {
    if (!message) continue;
    const text = serializeMessage(deps, message, ackWithinMs);
    if (utf8Bytes(text) > missedBytes) {
      large.push({ ...entry, message });
      continue;
    }
    if (bytes + utf8Bytes(text) > missedBytes) close();
    batch.push(text);
    bytes += utf8Bytes(text);
  }
  close();
  return { frames, large };
}
