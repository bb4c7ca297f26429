import { frameCodes, frameTexts } from "../../protocol/codes.ts";
import type { LoginFrame } from "../../protocol/frames.ts";
import { frameText } from "./frame-text.ts";
import { isPoller } from "./poller.ts";
import type { Deps, Member } from "./ports.ts";

/** Told to whoever logged in to the room before `generation`. */
export function evictedFrame(roomId: string, generation: number): LoginFrame {
  const data = { code: frameCodes.evicted, msg: frameTexts.evicted(roomId) };
  return { type: "evicted", eventName: "loginRoomResp", data, roomId, generation };
}

/** Posts 2005 to a connection; a poller reads it with its next poll. */
export async function tellEvicted(
  { gateway }: Pick<Deps, "gateway">,
  roomId: string,
  connectionId: string,
  generation: number,
): Promise<void> {
  if (!isPoller(connectionId)) await gateway.post(connectionId, frameText(evictedFrame(roomId, generation)));
}

/**
 * Removes a place that a newer generation made void and tells its owner. Whoever finds such a place may call this: only
 * the one who really removes it tells, so a crash between a take-over and its notices is healed by the next who looks.
 */
export async function evict(
  { members, cursors, gateway }: Pick<Deps, "members" | "cursors" | "gateway">,
  roomId: string,
  { session, subject, cursor }: Pick<Member, "session" | "subject" | "cursor">,
  generation: number,
): Promise<void> {
  // Side by side: a login waits for this. What is kept is true whether the place goes or stays.
  const [evicted] = await Promise.all([
    members.evict(roomId, session, generation),
    cursor && cursors.keep(roomId, subject, cursor),
  ]);
  if (!evicted) return;
  const hasMoved = evicted.cursor?.seq !== cursor?.seq || evicted.cursor?.epoch !== cursor?.epoch;
  await Promise.all([
    tellEvicted({ gateway }, roomId, evicted.connectionId, generation),
    evicted.cursor && hasMoved && cursors.keep(roomId, subject, evicted.cursor),
  ]);
}

export const isCurrent = (member: Pick<Member, "generation">, room: { generation: number }) =>
  member.generation >= room.generation;
