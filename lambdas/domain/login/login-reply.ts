import type { CatchUp, LoginFrame, Missed, Position } from "../../../protocol/frames.ts";
import type { MissedPart } from "../log/read.ts";
import { readHistory, readMissed } from "../log/read.ts";
import type { Connection } from "../model/connection.ts";
import { placeSession } from "../model/connection.ts";
import type { Deps } from "../model/deps.ts";
import { isPoller } from "../model/polling.ts";
import type { Stop } from "../model/resume-point.ts";
import type { Room } from "../model/room.ts";
import { asFrame, messageText } from "../wire/serialize.ts";
import type { Admitted } from "./login-result.ts";
import { loginFrame } from "./login-result.ts";

/**
 * The reply to a session that got in, with what it missed of the room's log.
 *
 * @param wireRoomId how the client names the room
 * @param budgetBytes what of the reply is left for missed messages
 */
export async function welcome(
  deps: Deps,
  self: Connection,
  roomId: string,
  wireRoomId: string,
  entry: Admitted,
  wish: CatchUp,
  budgetBytes?: number,
): Promise<LoginFrame> {
  const wishes = wish.since !== undefined || wish.history !== undefined;
  const isBehind = self.acks && entry.head > entry.seq;
  const reply = loginFrame(wireRoomId, { ...entry, seq: entry.head });
  if (!wishes && !isBehind) return reply;

  const room = entry.room ?? (await deps.rooms.find(roomId));
  const { since, part } = await read(deps, self, room, entry, wish, budgetBytes);
  const isNamed = typeof wish.since === "object";
  const isWhereItWas = entry.isResumed && part.recovered && !isNamed && wish.history === undefined;
  if (self.acks && !isWhereItWas && !(isNamed && isBooked(self, entry, since, part))) {
    // From here on this is where it stands, whether it had acked that or not.
    const seq = part.recovered ? since.seq : part.upTo;
    // Whoever was in before and names a place has what is in front of it.
    const beganSeq = entry.isResumed && part.recovered && isNamed ? undefined : seq;
    await setCursor(deps, self, roomId, { epoch: room.epoch, seq, hasAcked: isNamed }, beganSeq);
  }
  return { ...reply, epoch: room.epoch, seq: room.seq, ...missedOf(deps, self, part) } as LoginFrame;
}

/** Whether the books have it already that a poller is so far. Then it is not written again, and never back. */
const isBooked = (
  { connectionId }: Connection,
  { epoch, ackedSeq = -1 }: Admitted,
  since: Position,
  part: MissedPart,
) => isPoller(connectionId) && part.recovered && since.epoch === epoch && since.seq <= ackedSeq;

/** A poll's answer need not fit into a post, and nothing can be posted after it: its first message always fits. */
function missedOf(deps: Deps, { connectionId }: Connection, { tooLarge, ...missed }: MissedPart): Missed {
  if (!tooLarge || !isPoller(connectionId)) return missed;
  return { ...missed, missed: [asFrame(messageText(deps, tooLarge))], upTo: tooLarge.seq };
}

/** Who polls has no place in the rooms that one is in without logging in; there the subject's own cursor moves. */
async function setCursor(
  { members, cursors }: Deps,
  self: Connection,
  roomId: string,
  stop: Stop,
  beganSeq: number | undefined,
): Promise<void> {
  const { connectionId, subject } = self;
  if (isPoller(connectionId) && roomId.startsWith("@")) return cursors.keep(roomId, subject, stop);
  const { epoch, seq } = stop;
  await members.setCursor(roomId, placeSession(self, roomId), connectionId, { epoch, seq }, beganSeq);
}

async function read(
  deps: Deps,
  { subject }: Connection,
  room: Room,
  entry: Admitted,
  { since, history }: CatchUp,
  budgetBytes: number | undefined,
): Promise<{ since: Position; part: MissedPart }> {
  if (history !== undefined) {
    const { after, part } = await readHistory(deps, room, history, subject, budgetBytes);
    return { since: { epoch: room.epoch, seq: after }, part };
  }
  const from = since === undefined || since === "last" ? entry : since;
  return { since: from, part: await readMissed(deps, room, from, subject, budgetBytes) };
}
