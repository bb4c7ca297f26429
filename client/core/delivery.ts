import type { MessageFrame, ServerFrame } from "../../protocol/frames.ts";
import { everyone, isReservedRoom } from "../../protocol/ids.ts";
import { scheduleAcks } from "./acks.ts";
import type { PayloadLost } from "./notices.ts";
import {
  catchUp,
  emptyBuffer,
  hasGap,
  insert,
  type LoggedIn,
  type LoggedMessage,
  type ReorderBuffer,
} from "./reorder-buffer.ts";
import { type Draft, emit, notify, send, startBackoff, startTimer, stopTimer } from "./state.ts";

type FrameOfType<T extends ServerFrame["type"]> = Extract<ServerFrame, { type: T }>;

/** The buffer of a room of which the page is or becomes a member; every page is a member of `@all` and `@user`. */
const bufferOf = ({ buffers, rooms }: Draft, roomId: string): ReorderBuffer | undefined =>
  buffers.get(roomId) ?? (isReservedRoom(roomId) || rooms.has(roomId) ? emptyBuffer : undefined);

export function onMessage(draft: Draft, frame: MessageFrame): void {
  const { roomId = everyone } = frame;
  const buffer = bufferOf(draft, roomId);
  if (!buffer) return;
  if (frame.seq !== undefined) deliver(draft, roomId, insert(buffer, [frame as LoggedMessage]));
  // Messages at qos 0 have no order. Before the response to the login they are dropped.
  else if (buffer.epoch) emit(draft, frame.payload ? "fetch" : "notify", frame);
}

/**
 * Handles the end of an attempt to fetch a payload.
 *
 * @param message has `data` on success; on failure it still has `payload`, and a replay brings a new URL
 * @param lost the payload cannot be fetched at all: the message is skipped
 */
export function onFetched(draft: Draft, message: MessageFrame, lost?: PayloadLost): void {
  const { roomId = everyone, payload, messageId } = message;
  const buffer = draft.buffers.get(roomId);
  if (!payload) onMessage(draft, message);
  // Otherwise the page left the room, or its log started again.
  else if (buffer?.awaited?.messageId === messageId) {
    const { awaited, buffered } = buffer;
    if (lost) notify(draft, lost);
    deliver(draft, roomId, insert({ ...buffer, buffered: buffered.slice(1) }, [], lost && awaited.seq), true);
  }
}

/**
 * Applies the response to a login to the room's buffer.
 *
 * @param report is called before the messages are delivered; `isLost`: messages are missing that no replay can bring
 * @param attempts of the room's current gap (see `ReorderBuffer`), 0 for a new one
 */
export function followLog(draft: Draft, frame: LoggedIn, report: (isLost: boolean) => void, attempts = 0): void {
  const { roomId, more } = frame;
  const before = { ...(bufferOf(draft, roomId) ?? emptyBuffer), attempts, login: { ...frame, missed: [] } };
  const [buffer, ready, isLost] = catchUp(before, frame);
  draft.buffers.set(roomId, buffer);
  report(isLost);
  deliver(draft, roomId, [buffer, ready], more && attempts === 0);
}

/** As `followLog`, for a room of which the page is already a member: listeners learn of it only if messages were lost. */
export function resumeLog(draft: Draft, frame: LoggedIn, attempts?: number): void {
  followLog(draft, frame, (isLost) => isLost && notify(draft, { ...frame, recovered: false }), attempts);
}

export function onReplayed(draft: Draft, frame: FrameOfType<"replayed">) {
  const { roomId, epoch, ref, recovered, missed, upTo, more } = frame;
  const before = draft.buffers.get(roomId);
  if (!before?.epoch) return;
  // Without a `ref` it is a redelivery: positions that are not in it may hold messages.
  if (ref === undefined) return deliver(draft, roomId, insert(before, missed as LoggedMessage[]));
  const isSameLog = epoch === before.epoch;
  // It responds to a request of an earlier membership, or a later response has overtaken it.
  if (recovered ? !isSameLog || Number(ref) > before.seq : isSameLog && upTo <= before.seq) return;
  const update = { ref: undefined, epoch, seq: upTo, recovered, missed, upTo, more };
  resumeLog(draft, { ...(before.login as LoggedIn), ...update }, upTo > before.seq ? 0 : before.attempts);
}

/** The logs of these rooms contain more messages than the server delivers without acks. */
export function onBehind(draft: Draft, { rooms }: FrameOfType<"behind">): void {
  for (const roomId of rooms) {
    const buffer = draft.buffers.get(roomId);
    if (buffer) deliver(draft, roomId, [{ ...buffer, head: Math.max(buffer.head, buffer.seq + 1) }, []], true);
  }
}

/** Requests the messages between the page's position and the log's head, repeatedly until the gap is closed. */
export function requestGap(draft: Draft, roomId: string): void {
  const buffer = draft.buffers.get(roomId);
  if (!buffer || !hasGap(buffer)) return;
  const { epoch, seq, attempts } = buffer;
  draft.buffers.set(roomId, { ...buffer, attempts: attempts + 1 });
  startBackoff(draft, attempts, "gap", roomId);
  if (draft.link === "open") send(draft, { action: "replay", roomId, epoch, after: seq, ref: `${seq}` });
}

/** Stores a room's buffer, delivers its messages, and schedules what follows: acks, a fetch, a gap request. */
function deliver(
  draft: Draft,
  roomId: string,
  [buffer, ready]: readonly [ReorderBuffer, readonly LoggedMessage[]],
  requestNow = false,
) {
  let { attempts } = buffer;
  if (!hasGap(buffer)) {
    attempts = 0;
    stopTimer(draft, "gap", roomId);
  } else if (attempts === 0) {
    attempts = 1;
    startTimer(draft, "gap", roomId);
  }
  draft.buffers.set(roomId, { ...buffer, attempts });
  for (const message of ready) notify(draft, message);
  // The runtime fetches it once, however often this happens.
  if (buffer.awaited) emit(draft, "fetch", buffer.awaited);
  scheduleAcks(draft);
  if (requestNow) requestGap(draft, roomId);
}
