import { frameCodes, frameTexts } from "../../protocol/codes.ts";
import type { FrameOf, ServerFrame } from "../../protocol/frames.ts";
import type { Caller, Deps } from "./ports.ts";

/** Gives the caller's place in a room back. Leaving a room that one is not in succeeds as well. */
export async function leaveRoom(deps: Deps, caller: Caller, { roomId }: FrameOf<"leaveRoom">): Promise<ServerFrame> {
  const self = await deps.connections.get(caller.connectionId);
  if (self) {
    await endPlace(deps, roomId, self.session, self.connectionId);
    // Last: were it first, a crash in between would leave a place that `$disconnect` does not know of.
    await deps.connections.removeRoom(self.connectionId, roomId);
  }
  const data = { code: frameCodes.left, msg: frameTexts.left(roomId) };
  return { type: "left", eventName: "leaveRoomResp", data, roomId };
}

/** Removes a connection's place; one that its session has taken to another connection stays. */
export async function endPlace(
  { members, rooms, cursors }: Pick<Deps, "members" | "rooms" | "cursors">,
  roomId: string,
  session: string,
  connectionId: string,
): Promise<void> {
  const ended = await members.remove(roomId, session, connectionId);
  if (!ended) return;
  await Promise.all([
    // The claim goes after the place: between the two the room looks taken, never free while somebody is in.
    ended.holds && rooms.release(roomId, connectionId),
    ended.cursor && cursors.keep(roomId, ended.subject, ended.cursor),
  ]);
}
