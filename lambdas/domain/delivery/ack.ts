import { frameCodes, frameTexts } from "../../../protocol/codes.ts";
import type { FrameOf, Position, Receipt, ServerFrame } from "../../../protocol/frames.ts";
import { userRoom } from "../../../protocol/ids.ts";
import { limits } from "../../../protocol/limits.ts";
import { refused } from "../../../protocol/parse-frame.ts";
import type { Caller } from "../model/connection.ts";
import { sessionKey } from "../model/connection.ts";
import type { Deps } from "../model/deps.ts";
import type { Room } from "../model/room.ts";
import { roomOfWire } from "../model/room.ts";
import { serializeFrame } from "../wire/serialize.ts";
import { deliver } from "./deliver.ts";

type Acked = { roomId: string } & Position;
type Outcome = "done" | "behind" | { problem: string; isStranger?: true };

/** Moves the caller's cursors forward. Normally nothing is answered: the next message says that all is well. */
export async function ack(deps: Deps, caller: Caller, frame: FrameOf<"ack">): Promise<ServerFrame | undefined> {
  const self = { connectionId: caller.connectionId, session: frame.session ?? caller.connectionId };
  const outcomes = await Promise.all(frame.rooms.map((room) => ackRoom(deps, caller, self, room)));
  const heard = frame.rooms.filter((_, i) => typeof outcomes[i] === "string");
  await Promise.all((frame.receipts ?? []).map((receipt) => notifySender(deps, caller, heard, receipt)));

  const wrong = outcomes.filter((outcome) => typeof outcome === "object");
  if (wrong.length > 0) return refused(frameCodes.badFields, `ack: ${await problemsOf(deps, caller, frame, wrong)}`);
  const rooms = frame.rooms.filter((_, i) => outcomes[i] === "behind").map(({ roomId }) => roomId);
  if (rooms.length === 0) return undefined;
  return { type: "behind", eventName: "ackResp", data: { code: frameCodes.behind, msg: frameTexts.behind }, rooms };
}

/** All of them; of a session that is not the caller's, that, as it is in no room at all. */
async function problemsOf(
  { connections }: Pick<Deps, "connections">,
  { connectionId }: Caller,
  { session }: FrameOf<"ack">,
  wrong: readonly Exclude<Outcome, string>[],
): Promise<string> {
  const isStranger = wrong.some((outcome) => outcome.isStranger);
  const self = isStranger ? await connections.get(connectionId) : undefined;
  const isOther = self && self.session !== (session ?? connectionId);
  const sessionProblem = `session is ${session === undefined ? "missing" : "not yours"}: give that of connetResp`;
  const problems = wrong.filter((outcome) => !(isOther && outcome.isStranger)).map(({ problem }) => problem);
  return [...(isOther ? [sessionProblem] : []), ...problems].join("; ");
}

/**
 * All members of a room ack at nearly the same time, and of everyone more than its row can be read: whether an ack is of
 * something that was sent is seen by a row of the last second, if that is new enough to say so.
 */
async function ackRoom(
  deps: Pick<Deps, "members" | "rooms" | "roomCache" | "now">,
  { subject }: Caller,
  self: { connectionId: string; session: string },
  { roomId: wireRoomId, epoch, seq }: Acked,
): Promise<Outcome> {
  const roomId = roomOfWire(wireRoomId, subject);
  const session = sessionKey(self, roomId);
  const { members, roomCache, now } = deps;
  const known = roomCache.get(roomId, now());
  const isKnown = known?.epoch === epoch && seq <= known.seq;
  const [seen, before] = await Promise.all([
    isKnown ? known : readRoom(deps, roomId),
    members.ack(roomId, session, self.connectionId, { epoch, seq }),
  ]);
  if (before === "refused") {
    // Acks may cross on their way, so one that goes backwards is nothing wrong; one of a stranger is.
    const membership = await members.get(roomId, session);
    if (membership?.connectionId !== self.connectionId)
      return { problem: `you are not in room ${wireRoomId}`, isStranger: true };
    if (!membership.cursor || membership.cursor.epoch === epoch) {
      // What a login brought may be had already: the first word of the member about it is worth keeping.
      if (membership.cursor?.seq === seq && !membership.hasAcked)
        await members.setCursor(roomId, session, self.connectionId, { epoch, seq });
      return "done";
    }
    const room = isKnown ? await readRoom(deps, roomId) : seen;
    if (room?.epoch !== epoch || seq > room.seq) return { problem: `room ${wireRoomId} has another epoch` };
    // The room's counter was lost while the member was in.
    await members.setCursor(roomId, session, self.connectionId, { epoch, seq });
    return "done";
  }
  if (!seen || seq > seen.seq) {
    // What was never sent cannot have arrived: the member would wait for ever for what it says it has.
    await members.setCursor(roomId, session, self.connectionId, { epoch, seq: before });
    return { problem: `room ${wireRoomId} stands at ${seen?.seq ?? 0}, got ${seq}` };
  }
  // So much may have come within that second that some of it was held back: whoever is not told asks for nothing.
  const isNearAckWindow = isKnown && seen.seq - before > limits.unackedMessages / 2;
  const room = isNearAckWindow ? ((await readRoom(deps, roomId)) ?? seen) : seen;
  const wasDeferred = room.seq - before > limits.unackedMessages;
  return wasDeferred && seq < room.seq ? "behind" : "done";
}

async function readRoom(
  { rooms, roomCache, now }: Pick<Deps, "rooms" | "roomCache" | "now">,
  roomId: string,
): Promise<Room | undefined> {
  const readAtMs = now();
  const room = await rooms.get(roomId);
  if (room) roomCache.put(room, readAtMs);
  return room;
}

/** Tells a message's sender that the caller has it. */
async function notifySender(
  deps: Deps,
  { subject }: Caller,
  heard: readonly Acked[],
  { roomId: wireRoomId, seq }: Receipt,
): Promise<void> {
  const acked = heard.find(({ roomId }) => roomId === wireRoomId);
  if (!acked || seq > acked.seq) return;
  const entry = await deps.log.get(roomOfWire(wireRoomId, subject), { epoch: acked.epoch, seq });
  const message = entry?.message;
  if (!message?.receiptTo || message.receiptTo === subject) return;
  const data = { messageId: message.messageId, subject, at: deps.now() };
  const text = serializeFrame({ type: "delivered", eventName: "delivered", data });
  const roomId = userRoom(message.receiptTo);
  await deliver(deps, { roomId, generation: 0 }, deps.members.pages(roomId), { text });
}
