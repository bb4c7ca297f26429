import { messageText, textBytes } from "../frame-text.ts";
import { missedBytes } from "../log/read-log.ts";
import type { Deps, LogEntry, Member, Room } from "../ports.ts";
import { redeliveredText } from "../redelivered-text.ts";
import { type DeliverDeps, prune } from "./deliver.ts";
import { post } from "./post.ts";

/**
 * Sends messages again, up to the first post that is not taken. In frames of several: those of a member that is far
 * behind cost one post, not one each.
 *
 * @param entries oldest first
 */
export async function resend(
  deps: DeliverDeps & Pick<Deps, "payloads">,
  room: Room,
  member: Member,
  entries: readonly LogEntry[],
): Promise<void> {
  for (const text of batches(deps, room, member, entries)) {
    const outcome = await post(deps, member.connectionId, text);
    if (outcome === "gone") return prune(deps, room.roomId, member);
    if (outcome !== "sent") return;
  }
}

function batches(deps: Pick<Deps, "payloads">, room: Room, member: Member, entries: readonly LogEntry[]): string[] {
  const texts = entries.flatMap(({ message }) => (message ? [messageText(deps, message)] : []));
  const small = texts.filter((text) => textBytes(text) <= missedBytes);
  const large = texts.filter((text) => textBytes(text) > missedBytes);
  const frames: string[] = [];
  let batch: string[] = [];
  let bytes = 0;
  const close = () => {
    if (batch.length > 0) frames.push(redeliveredText(room.roomId, room.epoch, batch, member.cursor?.seq));
    batch = [];
    bytes = 0;
  };
  for (const text of small) {
    if (bytes + textBytes(text) > missedBytes) close();
    batch.push(text);
    bytes += textBytes(text);
  }
  close();
  return [...frames, ...large];
}
