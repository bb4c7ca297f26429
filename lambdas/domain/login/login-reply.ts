import { frameCodes, frameTexts } from "../../../protocol/codes.ts";
import type { CatchUp, LoginFrame, Missed, Position } from "../../../protocol/frames.ts";
import type { MissedPart } from "../log/read.ts";
import { readHistory, readMissed } from "../log/read.ts";
import { evictedFrame } from "../membership/evict.ts";
import type { Connection } from "../model/connection.ts";
import { sessionKey } from "../model/connection.ts";
import type { Deps } from "../model/deps.ts";
import { isPolling } from "../model/polling.ts";
import type { ResumePoint } from "../model/resume-point.ts";
import { isImplicit, type Room } from "../model/room.ts";
import { rawFrame, serializeMessage } from "../wire/serialize.ts";
import type { Admitted, LoginResult } from "./policies/login-result.ts";

/** The request of a login or a resume. */
interface ReplyOptions {
  roomId: string;
  /** The client's name for the room. Default: `roomId`. */
  wireRoomId?: string;
  catchUp: CatchUp;
  /** The maximum size of the missed messages in the reply. Default: `missedBytes`. */
  budgetBytes?: number | undefined;
}

/** The reply to a login or a resume. For an admitted session it includes the missed messages of the room's log. */
export async function loginReply(
  deps: Deps,
  self: Connection,
  result: LoginResult,
  options: ReplyOptions,
): Promise<LoginFrame> {
  const { roomId, wireRoomId = roomId, catchUp } = options;
  if (result.kind !== "in") return loginFrame(wireRoomId, result);
  const wantsCatchUp = catchUp.since !== undefined || catchUp.history !== undefined;
  const isBehind = self.acks && result.head > result.seq;
  const reply = loginFrame(wireRoomId, { ...result, seq: result.head });
  if (!wantsCatchUp && !isBehind) return reply;

  const room = result.room ?? (await deps.rooms.find(roomId));
  const { since, part } = await readLog(deps, self, room, result, options);
  await moveCursor(deps, self, room, result, catchUp, since, part);
  return { ...reply, epoch: room.epoch, seq: room.seq, ...missedOf(deps, self, part) } as LoginFrame;
}

/** The reply without missed messages. */
export function loginFrame(roomId: string, result: LoginResult): LoginFrame {
  switch (result.kind) {
    case "in": {
      const { generation, epoch, seq } = result;
      const data = { code: frameCodes.loggedIn, msg: frameTexts.loggedIn(roomId) };
      return { type: "loggedIn", eventName: "loginRoomResp", data, roomId, generation, epoch, seq };
    }
    case "occupied":
      return failed(roomId, frameCodes.occupied, frameTexts.occupied(roomId));
    case "refused":
      return failed(roomId, frameCodes.loginFailed, result.reason);
    case "evicted":
      return evictedFrame(roomId, result.generation);
  }
}

function failed(roomId: string, code: "2003" | "2004", msg: string): LoginFrame {
  return { type: "loginFailed", eventName: "loginRoomResp", data: { code, msg }, roomId };
}

/** Reads the log after the position that the catch-up options name, or after the membership's cursor. */
async function readLog(
  deps: Deps,
  { subject }: Connection,
  room: Room,
  result: Admitted,
  { catchUp: { since, history }, budgetBytes }: ReplyOptions,
): Promise<{ since: Position; part: MissedPart }> {
  if (history !== undefined) {
    const { after, part } = await readHistory(deps, room, history, subject, budgetBytes);
    return { since: { epoch: room.epoch, seq: after }, part };
  }
  const from = since === undefined || since === "last" ? result : since;
  return { since: from, part: await readMissed(deps, room, from, subject, budgetBytes) };
}

/** Sets the cursor to where the reply starts, unless it is there already. */
async function moveCursor(
  deps: Deps,
  self: Connection,
  { roomId, epoch }: Room,
  result: Admitted,
  { since: named, history }: CatchUp,
  since: Position,
  part: MissedPart,
): Promise<void> {
  const hasPosition = typeof named === "object";
  const isUnchanged = result.isResumed && part.recovered && !hasPosition && history === undefined;
  if (!self.acks || isUnchanged || (hasPosition && isRecorded(self, result, since, part))) return;
  const seq = part.recovered ? since.seq : part.upTo;
  // A member that was in before and names a position has everything up to it, so its start position need not move.
  const startSeq = result.isResumed && part.recovered && hasPosition ? undefined : seq;
  await setCursor(deps, self, roomId, { epoch, seq, hasAcked: hasPosition }, startSeq);
}

/** Whether the stored cursor of a polling member is at `since` or after it. A poll never moves it back. */
const isRecorded = (self: Connection, { epoch, ackedSeq = -1 }: Admitted, since: Position, part: MissedPart) =>
  isPolling(self) && part.recovered && since.epoch === epoch && since.seq <= ackedSeq;

/** A polling session has no membership in `@all` and `@user`; there the subject's resume point moves. */
async function setCursor(
  { members, resumePoints }: Deps,
  self: Connection,
  roomId: string,
  resumePoint: ResumePoint,
  startSeq: number | undefined,
): Promise<void> {
  const { connectionId, subject } = self;
  if (isPolling(self) && isImplicit(roomId)) return resumePoints.keep(roomId, subject, resumePoint);
  const { epoch, seq } = resumePoint;
  await members.setCursor(roomId, sessionKey(self, roomId), connectionId, { epoch, seq }, startSeq);
}

/**
 * The part of the log for the reply. A first message that alone exceeds the size of a reply is added only for a polling
 * member: the response to a poll may be larger, and nothing can be posted later. Others request it by `replay`.
 */
function missedOf(deps: Deps, self: Connection, { tooLarge, ...missed }: MissedPart): Missed {
  if (!tooLarge || !isPolling(self)) return missed;
  return { ...missed, missed: [rawFrame(serializeMessage(deps, tooLarge))], upTo: tooLarge.seq };
}
