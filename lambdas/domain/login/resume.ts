import type { LoginFrame, RoomToRestore } from "../../../protocol/frames.ts";
import { everyone } from "../../../protocol/ids.ts";
import { type StartPosition, startPositionFor } from "../log/start-position.ts";
import { scheduleUnreadCheck } from "../membership/unread-before-join.ts";
import type { Connection } from "../model/connection.ts";
import type { Deps } from "../model/deps.ts";
import { isCurrent } from "../model/member.ts";
import { isHeld, isPolling } from "../model/polling.ts";
import { isImplicit, roomOfWire } from "../model/room.ts";
import { logIn } from "./login.ts";
import { loginReply } from "./login-reply.ts";
import { whenFirst } from "./policies/first.ts";
import type { LoginResult } from "./policies/login-result.ts";
import { loginFrame, tooBusy } from "./policies/login-result.ts";
import { resumed, resumeMembership } from "./policies/resume.ts";
import { whenever } from "./policies/whenever.ts";
import { refusalOf } from "./refusal.ts";

const attempts = 5;

/**
 * Gives a session that comes back its place in a room again. Restoring never evicts anybody: a place that is still
 * there is taken back; one that somebody took by a newer generation is lost (2005); one that just ended is entered
 * anew if the room is free, or always by `loginWhenever`. Without `generation` it is a first login.
 */
export async function restoreRoom(
  deps: Deps,
  self: Connection,
  room: RoomToRestore,
  budgetBytes?: number,
): Promise<LoginFrame> {
  const { roomId, generation, type: _, ...catchUp } = room;
  if (isImplicit(roomId)) return restoreOwnRoom(deps, self, room, budgetBytes);
  if (generation === undefined) return logIn(deps, self, room, Promise.resolve(self), budgetBytes);
  const result =
    refusalOf(deps, self, roomId) ??
    (await restore(deps, self, room, generation, startPositionFor(deps, roomId, self.subject, catchUp)));
  return result.kind === "in"
    ? loginReply(deps, self, roomId, roomId, result, catchUp, budgetBytes)
    : loginFrame(roomId, result);
}

/** The rooms that one is in without logging in: only where one stands in their logs is to be settled. */
async function restoreOwnRoom(
  deps: Deps,
  self: Connection,
  { roomId, since, history }: RoomToRestore,
  budgetBytes: number | undefined,
): Promise<LoginFrame> {
  const named = roomOfWire(roomId, self.subject);
  const isNew = self.acks && since === undefined && history === undefined && !isPolling(self.connectionId);
  const finding = deps.rooms.find(named);
  if (isNew && named !== everyone) await scheduleUnreadCheck(deps, self.subject, finding);
  // Who polls says each time how far it is; most often the books have that.
  const isAsBefore = isPolling(self.connectionId) && typeof since === "object";
  const [room, kept] = await Promise.all([
    finding,
    isAsBefore ? deps.resumePoints.get(named, self.subject) : undefined,
  ]);
  const { epoch, seq, generation } = room;
  const from = await startPositionFor(deps, named, self.subject, { since })(room);
  const acked = kept?.hasAcked && kept.epoch === from.epoch && { ackedSeq: kept.seq };
  const result = { kind: "in" as const, epoch: from.epoch, seq: from.seq, generation, head: seq, room, ...acked };
  if (isNew) await deps.members.setCursor(named, self.connectionId, self.connectionId, { epoch, seq }, seq);
  return loginReply(deps, self, named, roomId, result, { since, history }, budgetBytes);
}

async function restore(
  deps: Deps,
  self: Connection,
  { roomId, type }: RoomToRestore,
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
      const applyPolicy = type === "loginWhenever" ? whenever : whenFirst;
      return applyPolicy(deps, roomId, self, Promise.resolve(self), startPosition);
    }
    if (isHeld(self.connectionId, mine, deps.now()) && mine.cursor?.epoch === room.epoch)
      return resumed(room, mine, mine.cursor);
    // Not a login: what ends the place may be under way.
    const result = await resumeMembership(deps, room, { ...self, requestedAtMs: undefined }, mine);
    if (result !== "changed") return result;
  }
  return tooBusy;
}
