import type { CatchUp, LoginFrame, Missed, Position } from "../../../protocol/frames.ts";
import type { MissedPart } from "../log/read.ts";
import { readHistory, readMissed } from "../log/read.ts";
import type { Connection } from "../model/connection.ts";
import { sessionKey } from "../model/connection.ts";
import type { Deps } from "../model/deps.ts";
import { isPolling } from "../model/polling.ts";
import type { ResumePoint } from "../model/resume-point.ts";
import { isImplicit, type Room } from "../model/room.ts";
import { rawFrame, serializeMessage } from "../wire/serialize.ts";
import type { Admitted } from "./policies/login-result.ts";
import { loginFrame } from "./policies/login-result.ts";

/**
 * The reply to a session that got in, with what it missed of the room's log.
 *
 * @param wireRoomId how the client names the room
 * @param budgetBytes what of the reply is left for missed messages
 */
export async function loginReply(
  deps: Deps,
  self: Connection,
  roomId: string,
  wireRoomId: string,
  result: Admitted,
  catchUp: CatchUp,
  budgetBytes?: number,
): Promise<LoginFrame> {
  const wantsCatchUp = catchUp.since !== undefined || catchUp.history !== undefined;
  const isBehind = self.acks && result.head > result.seq;
  const reply = loginFrame(wireRoomId, { ...result, seq: result.head });
  if (!wantsCatchUp && !isBehind) return reply;

  const room = result.room ?? (await deps.rooms.find(roomId));
  const { since, part } = await read(deps, self, room, result, catchUp, budgetBytes);
  const isNamed = typeof catchUp.since === "object";
  const isWhereItWas = result.isResumed && part.recovered && !isNamed && catchUp.history === undefined;
  if (self.acks && !isWhereItWas && !(isNamed && isRecorded(self, result, since, part))) {
    // From here on this is where it stands, whether it had acked that or not.
    const seq = part.recovered ? since.seq : part.upTo;
    // Whoever was in before and names a place has what is in front of it.
    const startSeq = result.isResumed && part.recovered && isNamed ? undefined : seq;
    await setCursor(deps, self, roomId, { epoch: room.epoch, seq, hasAcked: isNamed }, startSeq);
  }
  return { ...reply, epoch: room.epoch, seq: room.seq, ...missedOf(deps, self, part) } as LoginFrame;
}

/** Whether the books have it already that a poller is so far. Then it is not written again, and never back. */
const isRecorded = (
  { connectionId }: Connection,
  { epoch, ackedSeq = -1 }: Admitted,
  since: Position,
  part: MissedPart,
) => isPolling(connectionId) && part.recovered && since.epoch === epoch && since.seq <= ackedSeq;

/** A poll's answer need not fit into a post, and nothing can be posted after it: its first message always fits. */
function missedOf(deps: Deps, { connectionId }: Connection, { tooLarge, ...missed }: MissedPart): Missed {
  if (!tooLarge || !isPolling(connectionId)) return missed;
  return { ...missed, missed: [rawFrame(serializeMessage(deps, tooLarge))], upTo: tooLarge.seq };
}

/** Who polls has no place in the rooms that one is in without logging in; there the subject's own cursor moves. */
async function setCursor(
  { members, resumePoints }: Deps,
  self: Connection,
  roomId: string,
  resumePoint: ResumePoint,
  startSeq: number | undefined,
): Promise<void> {
  const { connectionId, subject } = self;
  if (isPolling(connectionId) && isImplicit(roomId)) return resumePoints.keep(roomId, subject, resumePoint);
  const { epoch, seq } = resumePoint;
  await members.setCursor(roomId, sessionKey(self, roomId), connectionId, { epoch, seq }, startSeq);
}

async function read(
  deps: Deps,
  { subject }: Connection,
  room: Room,
  result: Admitted,
  { since, history }: CatchUp,
  budgetBytes: number | undefined,
): Promise<{ since: Position; part: MissedPart }> {
  if (history !== undefined) {
    const { after, part } = await readHistory(deps, room, history, subject, budgetBytes);
    return { since: { epoch: room.epoch, seq: after }, part };
  }
  const from = since === undefined || since === "last" ? result : since;
  return { since: from, part: await readMissed(deps, room, from, subject, budgetBytes) };
}
