import { frameCodes, frameTexts } from "../../../protocol/codes.ts";
import type { FrameOf, ServerFrame } from "../../../protocol/frames.ts";
import { conversationId, conversationRoom } from "../../../protocol/ids.ts";
import { type MissedPart, readHistory, readMissed } from "../log/read.ts";
import { type Caller, sessionKey } from "../model/connection.ts";
import type { Deps } from "../model/deps.ts";
import { isImplicit, type Room, roomOfWire } from "../model/room.ts";
import { postAlone } from "../send/post-alone.ts";

/** Reads a room's log for a member, or a conversation's log for one of its two users. */
export async function replay(deps: Deps, caller: Caller, frame: FrameOf<"replay">): Promise<ServerFrame> {
  const { roomId: wireRoomId, toUser } = frame;
  const roomId = roomOf(caller, frame);
  const [room, isAllowed] = await Promise.all([
    // A page shows a conversation before its first message, and continues from the position in the reply.
    frame.history === undefined ? deps.rooms.get(roomId) : deps.rooms.find(roomId),
    toUser !== undefined || isMember(deps, caller, wireRoomId ?? ""),
  ]);
  if (!isAllowed) return failed(`you are not in room ${wireRoomId}`);
  if (!room) return failed("nothing was ever sent there");
  const { tooLarge, ...part } = await read(deps, caller, room, frame);
  // Too large for a reply: the message is posted alone, and the client requests the rest after it.
  if (tooLarge) await postAlone(deps, caller.connectionId, tooLarge);
  return {
    type: "replayed",
    eventName: "replayResp",
    data: { code: frameCodes.replayed, msg: frameTexts.replayed },
    roomId: wireRoomId ?? conversationId(caller.subject, toUser ?? ""),
    epoch: room.epoch,
    ...part,
  };
}

async function read(
  deps: Deps,
  { subject }: Caller,
  room: Room,
  { epoch = room.epoch, after = 0, history }: FrameOf<"replay">,
): Promise<MissedPart> {
  if (history === undefined) return readMissed(deps, room, { epoch, seq: after }, subject);
  return (await readHistory(deps, room, history, subject)).part;
}

function roomOf({ subject }: Caller, { roomId, toUser }: FrameOf<"replay">): string {
  return toUser === undefined ? roomOfWire(roomId ?? "", subject) : conversationRoom(subject, toUser);
}

async function isMember({ connections, members }: Deps, caller: Caller, wireRoomId: string): Promise<boolean> {
  if (isImplicit(wireRoomId)) return true;
  const self = await connections.get(caller.connectionId);
  if (!self) return false;
  const membership = await members.get(wireRoomId, sessionKey(self, wireRoomId));
  return membership?.connectionId === caller.connectionId;
}

function failed(msg: string): ServerFrame {
  return { type: "replayFailed", eventName: "replayResp", data: { code: frameCodes.replayFailed, msg } };
}
