import { frameCodes, frameTexts } from "../../../protocol/codes.ts";
import type { FrameOf, ServerFrame } from "../../../protocol/frames.ts";
import type { Caller } from "../model/connection.ts";
import type { Deps } from "../model/deps.ts";
import { removeMembership } from "./end-membership.ts";

/** Gives the caller's place in a room back. Leaving a room that one is not in succeeds as well. */
export async function leaveRoom(deps: Deps, caller: Caller, { roomId }: FrameOf<"leaveRoom">): Promise<ServerFrame> {
  const self = await deps.connections.get(caller.connectionId);
  if (self) {
    const { session, connectionId } = self;
    await removeMembership(deps, roomId, session, connectionId, caller.requestedAtMs);
    // A client that had no answer leaves twice; the second time it may be in again by then.
    const membership = caller.requestedAtMs === undefined ? undefined : await deps.members.get(roomId, session);
    // Last: were it first, a crash in between would leave a place that `$disconnect` does not know of.
    if (membership?.connectionId !== connectionId) await deps.connections.removeRoom(connectionId, roomId);
  }
  const data = { code: frameCodes.left, msg: frameTexts.left(roomId) };
  return { type: "left", eventName: "leaveRoomResp", data, roomId };
}
