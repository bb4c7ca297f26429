import type { LoginFrame, RoomToRestore } from "../../../protocol/frames.ts";
import { everyone, type LoginPolicy, loginPolicies } from "../../../protocol/ids.ts";
import { type StartPosition, startPositionFor } from "../log/start-position.ts";
import { scheduleUnreadCheck } from "../membership/unread-before-join.ts";
import type { Connection } from "../model/connection.ts";
import type { Deps } from "../model/deps.ts";
import { isCurrent } from "../model/member.ts";
import { isLeaseFresh, isPolling } from "../model/polling.ts";
import { isImplicit, roomOfWire } from "../model/room.ts";
import { logIn, refusalOf } from "./login.ts";
import { loginReply } from "./login-reply.ts";
import { whenFirst } from "./policies/first.ts";
import { type LoginResult, tooBusy } from "./policies/login-result.ts";
import type { ApplyPolicy } from "./policies/policy.ts";
import { resumed, resumeMembership } from "./policies/resume.ts";
import { whenever } from "./policies/whenever.ts";

const attempts = 5;

/**
 * How a session whose membership has ended joins again, by the policy of its login. A resume never evicts, so
 * `loginWhenLast` joins only a room that is free. A policy without an entry does not compile.
 */
export const resumeBy: Record<LoginPolicy, ApplyPolicy> = {
  loginWhenFirst: whenFirst,
  loginWhenLast: whenFirst,
  loginWhenever: whenever,
};

/**
 * Restores one room of a returning session, for `hello` and polls.
 *
 * | the room | result |
 * | --- | --- |
 * | sent without `generation` | a first login |
 * | has a newer generation | evicted meanwhile: 2005 |
 * | still has the session's membership | the membership moves to the new connection |
 * | no longer has it | a login by `resumeBy` |
 * | is `@all` or `@user` | no login; the reply has only the position and the missed messages |
 */
export async function restoreRoom(
  deps: Deps,
  self: Connection,
  room: RoomToRestore,
  budgetBytes?: number,
): Promise<LoginFrame> {
  const { roomId, generation, type: _, ...catchUp } = room;
  if (isImplicit(roomId)) return restoreImplicitRoom(deps, self, room, budgetBytes);
  if (generation === undefined) return logIn(deps, self, room, Promise.resolve(self), budgetBytes);
  const startPosition = startPositionFor(deps, roomId, self.subject, catchUp);
  const result = refusalOf(deps, self, roomId) ?? (await restore(deps, self, room, generation, startPosition));
  return loginReply(deps, self, result, { roomId, catchUp, budgetBytes });
}

/** Restores `@all` or `@user`, of which a connection is a member without a login. */
async function restoreImplicitRoom(
  deps: Deps,
  self: Connection,
  { roomId: wireRoomId, since, history }: RoomToRestore,
  budgetBytes: number | undefined,
): Promise<LoginFrame> {
  const roomId = roomOfWire(wireRoomId, self.subject);
  const isNew = self.acks && since === undefined && history === undefined && !isPolling(self);
  const roomRead = deps.rooms.find(roomId);
  if (isNew && roomId !== everyone) await scheduleUnreadCheck(deps, self.subject, roomRead);
  // A polling session sends its position with each poll. Usually it is stored already, and is not written again.
  const mayBeRecorded = isPolling(self) && typeof since === "object";
  const [room, recorded] = await Promise.all([
    roomRead,
    mayBeRecorded ? deps.resumePoints.get(roomId, self.subject) : undefined,
  ]);
  const { epoch, seq, generation } = room;
  const from = await startPositionFor(deps, roomId, self.subject, { since })(room);
  const acked = recorded?.hasAcked && recorded.epoch === from.epoch && { ackedSeq: recorded.seq };
  const result = { kind: "in" as const, epoch: from.epoch, seq: from.seq, generation, head: seq, room, ...acked };
  if (isNew) await deps.members.setCursor(roomId, self.connectionId, self.connectionId, { epoch, seq }, seq);
  return loginReply(deps, self, result, { roomId, wireRoomId, catchUp: { since, history }, budgetBytes });
}

async function restore(
  deps: Deps,
  self: Connection,
  { roomId, type = loginPolicies[0] }: RoomToRestore,
  generation: number,
  startPosition: StartPosition,
): Promise<LoginResult> {
  for (let attempt = 1; attempt <= attempts; attempt += 1) {
    const [room, mine] = await Promise.all([deps.rooms.find(roomId), deps.members.get(roomId, self.session)]);
    if (room.generation > generation) {
      await deps.members.evict(roomId, self.session, room.generation);
      return { kind: "evicted", generation: room.generation };
    }
    if (!mine || !isCurrent(mine, room) || mine.subject !== self.subject) {
      return resumeBy[type](deps, roomId, self, Promise.resolve(self), startPosition);
    }
    if (isLeaseFresh(self, mine, deps.now()) && mine.cursor?.epoch === room.epoch)
      return resumed(room, mine, mine.cursor);
    // A resume has no time of request: a `leaveRoom` that is already under way may still end the membership.
    const result = await resumeMembership(deps, room, { ...self, requestedAtMs: undefined }, mine);
    if (result !== "changed") return result;
  }
  return tooBusy;
}
