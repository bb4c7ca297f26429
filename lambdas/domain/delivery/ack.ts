import { frameCodes, frameTexts } from "../../../protocol/codes.ts";
import type { FrameOf, Position, Receipt, ServerFrame } from "../../../protocol/frames.ts";
import { userRoom } from "../../../protocol/ids.ts";
import { limits } from "../../../protocol/limits.ts";
import { refused } from "../../../protocol/parse-frame.ts";
import { frameText, roomNamed } from "../frame-text.ts";
import { placeSession } from "../place-session.ts";
import type { Caller, Deps } from "../ports.ts";
import { deliver } from "./deliver.ts";

type Acked = { roomId: string } & Position;
type Outcome = "done" | "behind" | { problem: string };

/** Moves the caller's cursors forward. Normally nothing is answered: the next message says that all is well. */
export async function ack(deps: Deps, caller: Caller, frame: FrameOf<"ack">): Promise<ServerFrame | undefined> {
  const self = { connectionId: caller.connectionId, session: frame.session ?? caller.connectionId };
  const outcomes = await Promise.all(frame.rooms.map((room) => ackRoom(deps, caller, self, room)));
  const heard = frame.rooms.filter((_, i) => typeof outcomes[i] === "string");
  await Promise.all((frame.receipts ?? []).map((receipt) => tellSender(deps, caller, heard, receipt)));

  const wrong = outcomes.find((outcome) => typeof outcome === "object");
  if (wrong) return refused(frameCodes.badFields, `ack: ${wrong.problem}`);
  const rooms = frame.rooms.filter((_, i) => outcomes[i] === "behind").map(({ roomId }) => roomId);
  if (rooms.length === 0) return undefined;
  return { type: "behind", eventName: "ackResp", data: { code: frameCodes.behind, msg: frameTexts.behind }, rooms };
}

async function ackRoom(
  { members, rooms }: Pick<Deps, "members" | "rooms">,
  { subject }: Caller,
  self: { connectionId: string; session: string },
  { roomId: wireRoomId, epoch, seq }: Acked,
): Promise<Outcome> {
  const roomId = roomNamed(wireRoomId, subject);
  const session = placeSession(self, roomId);
  const [room, before] = await Promise.all([
    rooms.get(roomId),
    members.ack(roomId, session, self.connectionId, { epoch, seq }),
  ]);
  if (before === "refused") {
    // Acks may cross on their way, so one that goes backwards is nothing wrong; one of a stranger is.
    const place = await members.get(roomId, session);
    if (place?.connectionId !== self.connectionId) return { problem: `you are not in room ${wireRoomId}` };
    if (!place.cursor || place.cursor.epoch === epoch) {
      // What a login brought may be had already: the first word of the member about it is worth keeping.
      if (place.cursor?.seq === seq && !place.hasAcked)
        await members.setCursor(roomId, session, self.connectionId, { epoch, seq });
      return "done";
    }
    if (room?.epoch !== epoch || seq > room.seq) return { problem: `room ${wireRoomId} has another epoch` };
    // The room's counter was lost while the member was in.
    await members.setCursor(roomId, session, self.connectionId, { epoch, seq });
    return "done";
  }
  if (!room || seq > room.seq) {
    // What was never sent cannot have arrived: the member would wait for ever for what it says it has.
    await members.setCursor(roomId, session, self.connectionId, { epoch, seq: before });
    return { problem: `room ${wireRoomId} stands at ${room?.seq ?? 0}, got ${seq}` };
  }
  const wasFlooded = room.seq - before > limits.unackedMessages;
  return wasFlooded && seq < room.seq ? "behind" : "done";
}

/** Tells a message's sender that the caller has it. */
async function tellSender(
  deps: Deps,
  { subject }: Caller,
  heard: readonly Acked[],
  { roomId: wireRoomId, seq }: Receipt,
): Promise<void> {
  const acked = heard.find(({ roomId }) => roomId === wireRoomId);
  if (!acked || seq > acked.seq) return;
  const entry = await deps.log.get(roomNamed(wireRoomId, subject), { epoch: acked.epoch, seq });
  const message = entry?.message;
  if (!message?.receiptTo || message.receiptTo === subject) return;
  const data = { messageId: message.messageId, subject, at: deps.now() };
  const text = frameText({ type: "delivered", eventName: "delivered", data });
  const roomId = userRoom(message.receiptTo);
  await deliver(deps, { roomId, generation: 0 }, deps.members.pages(roomId), { text });
}
