import type { DeliverDeps } from "../delivery/deliver.ts";
import { missedBytes } from "../log/read.ts";
import { prune } from "../membership/prune.ts";
import type { Deps } from "../model/deps.ts";
import type { PostOutcome } from "../model/gateway.ts";
import type { Member } from "../model/member.ts";
import type { LogEntry, Message } from "../model/message.ts";
import type { Room } from "../model/room.ts";
import type { AckWait } from "../schedule/ack-wait.ts";
import { post } from "../send/post.ts";
import { postAlone } from "../send/post-alone.ts";
import type { RateLimiter } from "../send/rate-limiter.ts";
import { serializeRedelivery } from "../wire/redelivery-frame.ts";
import { serializeMessage, utf8Bytes } from "../wire/serialize.ts";

type RedeliveredRoom = Pick<Room, "roomId" | "epoch"> & Pick<AckWait, "ackWithinMs">;

export interface RedeliveryResult {
  /** Messages that API Gateway refuses for every member because of their size. They are not redelivered again. */
  tooLarge: LogEntry[];
  /** Whether the connection is closed, and the membership with it. */
  isGone: boolean;
}

/**
 * Posts messages to a member again, several in one frame, up to the first post that API Gateway refuses.
 *
 * @param entries oldest first
 * @param limiter the caller has acquired it for the first post; if the time ends, the other frames are not posted
 */
export async function redeliver(
  deps: DeliverDeps & Pick<Deps, "logError" | "payloads">,
  room: RedeliveredRoom,
  member: Member,
  entries: readonly LogEntry[],
  limiter: RateLimiter,
): Promise<RedeliveryResult> {
  const { frames, large } = framesOf(deps, room, member, entries);
  const tooLarge: LogEntry[] = [];
  const posts: (() => Promise<PostOutcome>)[] = [
    ...frames.map((text) => () => post(deps, member.connectionId, text, limiter)),
    ...large.map((entry) => async () => {
      const outcome = await postAlone(deps, member.connectionId, entry.message, room.ackWithinMs || undefined, limiter);
      if (outcome === "tooLarge") tooLarge.push(entry);
      return outcome;
    }),
  ];
  for (const [sent, postNext] of posts.entries()) {
    if (sent > 0 && !(await limiter.acquire())) break;
    const outcome = await postNext();
    if (outcome === "gone" && (await prune(deps, room.roomId, member))) return { tooLarge, isGone: true };
    if (outcome !== "sent" && outcome !== "tooLarge") break;
  }
  return { tooLarge, isGone: false };
}

type MessageEntry = LogEntry & { message: Message };

/** @returns the frames, and the messages that are too large to share a frame */
function framesOf(
  deps: Pick<Deps, "payloads">,
  { roomId, epoch, ackWithinMs }: RedeliveredRoom,
  { cursor }: Member,
  entries: readonly LogEntry[],
): { frames: string[]; large: MessageEntry[] } {
  const large: MessageEntry[] = [];
  const frames: string[] = [];
  let texts: string[] = [];
  let bytes = 0;
  const closeFrame = () => {
    if (texts.length > 0) frames.push(serializeRedelivery(roomId, epoch, texts, cursor?.seq));
    texts = [];
    bytes = 0;
  };
  for (const { message, ...entry } of entries) {
    if (!message) continue;
    // After an outage this may be the whole room: its members spread their acks of redeliveries, too.
    const text = serializeMessage(deps, message, ackWithinMs || undefined);
    if (utf8Bytes(text) > missedBytes) {
      large.push({ ...entry, message });
      continue;
    }
    if (bytes + utf8Bytes(text) > missedBytes) closeFrame();
    texts.push(text);
    bytes += utf8Bytes(text);
  }
  closeFrame();
  return { frames, large };
}
