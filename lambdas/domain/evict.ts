import { frameCodes, frameTexts } from "../../protocol/codes.ts";
import type { LoginFrame } from "../../protocol/frames.ts";
import { frameText } from "./frame-text.ts";
import { isPoller } from "./poller.ts";
import type { Deps, Look, Member } from "./ports.ts";
import { post } from "./post.ts";
import { mostTries } from "./redelivery.ts";

/** Told to whoever logged in to the room before `generation`. */
export function evictedFrame(roomId: string, generation: number): LoginFrame {
  const data = { code: frameCodes.evicted, msg: frameTexts.evicted(roomId) };
  return { type: "evicted", eventName: "loginRoomResp", data, roomId, generation };
}

type TellDeps = Pick<Deps, "gateway" | "scheduleLook" | "redeliverAfterMs" | "wait" | "random">;

/**
 * Posts 2005 to whoever was put out, and orders that it is posted again: nothing says whether a post arrived, and a page
 * that never hears of it would wait for messages for hours. A poller reads it with its next poll; who does not ack hears
 * everything once.
 */
export async function tellEvicted(
  deps: TellDeps,
  roomId: string,
  { session, connectionId, acks }: Pick<Member, "session" | "connectionId" | "acks">,
  generation: number,
): Promise<void> {
  if (isPoller(connectionId)) return;
  const evicted = { session, connectionId, generation };
  await Promise.all([
    acks && deps.scheduleLook({ roomId, round: 0, evicted }, deps.redeliverAfterMs),
    post(deps, connectionId, frameText(evictedFrame(roomId, generation))),
  ]);
}

/** As often as a message is sent again, unless they have come in again since. */
export async function tellEvictedAgain(
  deps: TellDeps & Pick<Deps, "members">,
  { roomId, round, evicted }: Look & Required<Pick<Look, "evicted">>,
): Promise<void> {
  const { session, connectionId, generation } = evicted;
  if (await deps.members.get(roomId, session)) return;
  const outcome = await post(deps, connectionId, frameText(evictedFrame(roomId, generation)));
  const next = round + 1;
  if (outcome === "gone" || next === mostTries) return;
  await deps.scheduleLook({ roomId, round: next, evicted }, deps.redeliverAfterMs * 2 ** next);
}

/**
 * Removes a place that a newer generation made void and tells its owner. Whoever finds such a place may call this: only
 * the one who really removes it tells, so a crash between a take-over and its notices is healed by the next who looks.
 */
export async function evict(
  deps: Pick<Deps, "members" | "cursors"> & TellDeps,
  roomId: string,
  { session, subject, cursor }: Pick<Member, "session" | "subject" | "cursor">,
  generation: number,
): Promise<void> {
  const { members, cursors } = deps;
  // Side by side: a login waits for this. What is kept is true whether the place goes or stays.
  const [evicted] = await Promise.all([
    members.evict(roomId, session, generation),
    cursor && cursors.keep(roomId, subject, cursor),
  ]);
  if (!evicted) return;
  const hasMoved = evicted.cursor?.seq !== cursor?.seq || evicted.cursor?.epoch !== cursor?.epoch;
  await Promise.all([
    tellEvicted(deps, roomId, evicted, generation),
    evicted.cursor && hasMoved && cursors.keep(roomId, subject, evicted.cursor),
  ]);
}

export const isCurrent = (member: Pick<Member, "generation">, room: { generation: number }) =>
  member.generation >= room.generation;
