import { frameCodes, frameTexts } from "../../../protocol/codes.ts";
import type { FrameOf, Position, Receipt, ServerFrame } from "../../../protocol/frames.ts";
import { userRoom } from "../../../protocol/ids.ts";
import { limits } from "../../../protocol/limits.ts";
import { refused } from "../../../protocol/parse-frame.ts";
import { flatten } from "../concurrency/pages.ts";
import { type Caller, sessionKey } from "../model/connection.ts";
import type { Deps } from "../model/deps.ts";
import type { Member } from "../model/member.ts";
import { type Room, roomOfWire } from "../model/room.ts";
import { serializeFrame } from "../wire/serialize.ts";
import { deliver } from "./deliver.ts";

type Acked = { roomId: string } & Position;
type Outcome = "done" | "behind" | { problem: string; isNonMember?: true };

/** Moves the caller's cursors forward. There is no reply unless an ack is wrong or messages were deferred. */
export async function ack(deps: Deps, caller: Caller, frame: FrameOf<"ack">): Promise<ServerFrame | undefined> {
  const self = { connectionId: caller.connectionId, session: frame.session ?? caller.connectionId };
  const outcomes = await Promise.all(frame.rooms.map((room) => ackRoom(deps, caller, self, room)));
  const acked = frame.rooms.filter((_, i) => typeof outcomes[i] === "string");
  await Promise.all((frame.receipts ?? []).map((receipt) => notifySender(deps, caller, acked, receipt)));

  const wrong = outcomes.filter((outcome) => typeof outcome === "object");
  if (wrong.length > 0) return refused(frameCodes.badFields, `ack: ${await problemsOf(deps, caller, frame, wrong)}`);
  const rooms = frame.rooms.filter((_, i) => outcomes[i] === "behind").map(({ roomId }) => roomId);
  if (rooms.length === 0) return undefined;
  return { type: "behind", eventName: "ackResp", data: { code: frameCodes.behind, msg: frameTexts.behind }, rooms };
}

/** The text of all problems. A wrong session is named once, in place of its rooms. */
async function problemsOf(
  { connections }: Pick<Deps, "connections">,
  { connectionId }: Caller,
  { session }: FrameOf<"ack">,
  wrong: readonly Exclude<Outcome, string>[],
): Promise<string> {
  const hasNonMember = wrong.some((outcome) => outcome.isNonMember);
  const self = hasNonMember ? await connections.get(connectionId) : undefined;
  const isWrongSession = self && self.session !== (session ?? connectionId);
  const sessionProblem = `session is ${session === undefined ? "missing" : "not yours"}: give that of connetResp`;
  const problems = wrong.filter((outcome) => !(isWrongSession && outcome.isNonMember)).map(({ problem }) => problem);
  return [...(isWrongSession ? [sessionProblem] : []), ...problems].join("; ");
}

/**
 * Acks one room. Members ack at nearly the same time, and in the room of everyone more often than its row can be read. So
 * an ack is checked against a cached row of the last second, if that row already has the acked number.
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
  const [seen, previousSeq] = await Promise.all([
    isKnown ? known : readRoom(deps, roomId),
    members.ack(roomId, session, self.connectionId, { epoch, seq }),
  ]);
  if (previousSeq === "refused") {
    const membership = await members.get(roomId, session);
    if (membership?.connectionId !== self.connectionId)
      return { problem: `you are not in room ${wireRoomId}`, isNonMember: true };
    const readCurrent = async () => (isKnown ? readRoom(deps, roomId) : seen);
    const isDone = await ackWithoutProgress(deps, roomId, membership, { epoch, seq }, readCurrent);
    return isDone ? "done" : { problem: `room ${wireRoomId} has another epoch` };
  }
  if (!seen || seq > seen.seq) {
    // The number was never sent. With such a cursor the member would not get the messages up to it.
    await members.setCursor(roomId, session, self.connectionId, { epoch, seq: previousSeq });
    return { problem: `room ${wireRoomId} stands at ${seen?.seq ?? 0}, got ${seq}` };
  }
  // Messages may have been deferred within the last second, and without `behind` the member does not request them.
  const isNearAckWindow = isKnown && seen.seq - previousSeq > limits.unackedMessages / 2;
  const room = isNearAckWindow ? ((await readRoom(deps, roomId)) ?? seen) : seen;
  const wasDeferred = room.seq - previousSeq > limits.unackedMessages;
  return wasDeferred && seq < room.seq ? "behind" : "done";
}

/**
 * Handles an ack that does not move the cursor forward. Acks may overtake each other, so a lower number is not an error.
 *
 * @param readCurrent reads the room's row, not its cached copy
 * @returns whether the ack is valid
 */
async function ackWithoutProgress(
  { members }: Pick<Deps, "members">,
  roomId: string,
  { session, connectionId, cursor, hasAcked }: Member,
  acked: Position,
  readCurrent: () => Promise<Room | undefined>,
): Promise<boolean> {
  if (!cursor || cursor.epoch === acked.epoch) {
    // The first ack may be of the start position itself: it is recorded as an ack.
    if (cursor?.seq === acked.seq && !hasAcked) await members.setCursor(roomId, session, connectionId, acked);
    return true;
  }
  const room = await readCurrent();
  if (room?.epoch !== acked.epoch || acked.seq > room.seq) return false;
  // The room got a new epoch while the member was in it.
  await members.setCursor(roomId, session, connectionId, acked);
  return true;
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

/** Sends a receipt to the message's sender. */
async function notifySender(
  deps: Deps,
  { subject }: Caller,
  acked: readonly Acked[],
  { roomId: wireRoomId, seq }: Receipt,
): Promise<void> {
  const room = acked.find(({ roomId }) => roomId === wireRoomId);
  if (!room || seq > room.seq) return;
  const entry = await deps.log.get(roomOfWire(wireRoomId, subject), { epoch: room.epoch, seq });
  const message = entry?.message;
  if (!message?.receiptTo || message.receiptTo === subject) return;
  const data = { messageId: message.messageId, subject, at: deps.now() };
  const text = serializeFrame({ type: "delivered", eventName: "delivered", data });
  const roomId = userRoom(message.receiptTo);
  await deliver(deps, { roomId, generation: 0 }, flatten(deps.members.pages(roomId)), { text });
}
