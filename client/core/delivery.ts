import type { MessageFrame, ServerFrame } from "../../protocol/frames.ts";
import { everyone, isReservedRoom } from "../../protocol/ids.ts";
import { ackSoon } from "./acks.ts";
import { catchUp, hasGap, type Logged, type LoggedIn, newStream, type Stream, take } from "./reorder-buffer.ts";
import { type Draft, type PayloadLost, plan, send, show, start, startAgain, stop } from "./state.ts";

type FrameOfType<T extends ServerFrame["type"]> = Extract<ServerFrame, { type: T }>;

/** Rooms that the page is in or waits for have a stream, and so have the two that everybody is in. */
const streamOf = ({ streams, rooms }: Draft, roomId: string): Stream | undefined =>
  streams.get(roomId) ?? (isReservedRoom(roomId) || rooms.has(roomId) ? newStream : undefined);

export function onMessage(draft: Draft, frame: MessageFrame): void {
  const { roomId = everyone } = frame;
  const stream = streamOf(draft, roomId);
  if (!stream) return;
  if (frame.seq !== undefined) deliver(draft, roomId, take(stream, [frame as Logged]));
  // Without a number it is outside of every order, and nobody counts on it before the login.
  else if (stream.epoch) plan(draft, frame.payload ? "fetch" : "show", frame);
}

/**
 * Takes in what came of fetching a payload: the message with its `data`. One that still has its `payload` is to be asked
 * for anew, as addresses expire, or is lost for good: then it is passed over.
 */
export function onFetched(draft: Draft, message: MessageFrame, lost?: PayloadLost): void {
  const { roomId = everyone, payload, messageId } = message;
  const stream = draft.streams.get(roomId);
  if (!payload) onMessage(draft, message);
  // Else it was left meanwhile, or has begun anew.
  else if (stream?.awaited?.messageId === messageId) {
    const { awaited, held } = stream;
    if (lost) show(draft, lost);
    deliver(draft, roomId, take({ ...stream, held: held.slice(1) }, [], lost && awaited.seq), true);
  }
}

/**
 * Takes in what a login says about its room's log.
 *
 * @param tell what the page is to hear before the messages; `isLost`: it missed what nobody can bring back
 * @param tries of the gap that stands; 0 if this is news
 */
export function follow(draft: Draft, frame: LoggedIn, tell: (isLost: boolean) => void, tries = 0): void {
  const { roomId, more } = frame;
  const before = { ...(streamOf(draft, roomId) ?? newStream), tries, login: { ...frame, missed: [] } };
  const [stream, shown, isLost] = catchUp(before, frame);
  draft.streams.set(roomId, stream);
  tell(isLost);
  deliver(draft, roomId, [stream, shown], more && tries === 0);
}

/** The same for a room that the page was in before: it hears of it only if it missed something for good. */
export function goOn(draft: Draft, frame: LoggedIn, tries?: number): void {
  follow(draft, frame, (isLost) => isLost && show(draft, { ...frame, recovered: false }), tries);
}

export function onReplayed(draft: Draft, frame: FrameOfType<"replayed">) {
  const { roomId, epoch, ref, recovered, missed, upTo, more } = frame;
  const before = draft.streams.get(roomId);
  if (!before?.epoch) return;
  // Sent unasked it is a redelivery, which says nothing about numbers that are not in it.
  if (ref === undefined) return deliver(draft, roomId, take(before, missed as Logged[]));
  const isSameLog = epoch === before.epoch;
  // An answer to an earlier stay in the room, or one that a later answer has overtaken.
  if (recovered ? !isSameLog || Number(ref) > before.seq : isSameLog && upTo <= before.seq) return;
  const news = { ref: undefined, epoch, seq: upTo, recovered, missed, upTo, more };
  goOn(draft, { ...(before.login as LoggedIn), ...news }, upTo > before.seq ? 0 : before.tries);
}

/** More waits in these logs than the server may have under way. */
export function onBehind(draft: Draft, { rooms }: FrameOfType<"behind">): void {
  for (const roomId of rooms) {
    const stream = draft.streams.get(roomId);
    if (stream) deliver(draft, roomId, [{ ...stream, head: Math.max(stream.head, stream.seq + 1) }, []], true);
  }
}

/** Asks for what is between the page and the log's head; again and again, until nothing is. */
export function askForGap(draft: Draft, roomId: string): void {
  const stream = draft.streams.get(roomId);
  if (!stream || !hasGap(stream)) return;
  const { epoch, seq, tries } = stream;
  draft.streams.set(roomId, { ...stream, tries: tries + 1 });
  startAgain(draft, tries, "gap", roomId);
  if (draft.link === "open") send(draft, { action: "replay", roomId, epoch, after: seq, ref: `${seq}` });
}

function deliver(draft: Draft, roomId: string, [stream, shown]: readonly [Stream, readonly Logged[]], askNow = false) {
  let { tries } = stream;
  if (!hasGap(stream)) {
    tries = 0;
    stop(draft, "gap", roomId);
  } else if (tries === 0) {
    tries = 1;
    start(draft, "gap", roomId);
  }
  draft.streams.set(roomId, { ...stream, tries });
  for (const message of shown) show(draft, message);
  // It is fetched once, however often that is said.
  if (stream.awaited) plan(draft, "fetch", stream.awaited);
  ackSoon(draft);
  if (askNow) askForGap(draft, roomId);
}
