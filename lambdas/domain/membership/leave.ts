import { frameCodes, frameTexts } from "../../../protocol/codes.ts";
import type { FrameOf, ServerFrame } from "../../../protocol/frames.ts";
import type { Caller } from "../model/connection.ts";
import type { Deps } from "../model/deps.ts";
import { removeMembership } from "./end-membership.ts";

/** The frame `leaveRoom`: ends the caller's membership. It succeeds too if there is none. */
export async function leaveRoom(deps: Deps, caller: Caller, { roomId }: FrameOf<"leaveRoom">): Promise<ServerFrame> {
  const self = await deps.connections.get(caller.connectionId);
  if (self) {
    const { session, connectionId } = self;
    await removeMembership(deps, roomId, session, connectionId, caller.requestedAtMs);
    // A client without a reply leaves again. By then it may be a member again, by a later login.
    const membership = caller.requestedAtMs === undefined ? undefined : await deps.members.get(roomId, session);
    // Last: in the other order, a crash in between would leave a membership that `$disconnect` does not find.
    if (membership?.connectionId !== connectionId) await deps.connections.removeRoom(connectionId, roomId);
  }
  const data = { code: frameCodes.left, msg: frameTexts.left(roomId) };
  return { type: "left", eventName: "leaveRoomResp", data, roomId };
}
