import type { MessageFrame, ServerFrame } from "../protocol/frames.ts";
import { everyone, isReservedRoom } from "../protocol/ids.ts";
import { ackSoon } from "./acks.ts";
import { andThen, type Effect, type State, type Step, withEntry } from "./state.ts";
import { catchUp, hasGap, type Logged, type LoggedIn, newStream, type Stream, type Taken, take } from "./stream.ts";

type FrameOfType<T extends ServerFrame["type"]> = Extract<ServerFrame, { type: T }>;

export const show = (state: State, frame: ServerFrame): Step => [state, [{ do: "show", frame }]];

/** Rooms that the page is in or waits for have a stream, and so have the two that everybody is in. */
const streamOf = ({ streams, rooms }: State, roomId: string): Stream | undefined =>
  streams.get(roomId) ?? (isReservedRoom(roomId) || rooms.has(roomId) ? newStream : undefined);

export function onMessage(state: State, frame: MessageFrame): Step {
  const { roomId = everyone } = frame;
  const stream = streamOf(state, roomId);
  if (!stream) return [state, []];
  if (frame.seq !== undefined) return deliver(state, roomId, take(stream, [frame as Logged]));
  // Without a number it is outside of every order, and nobody counts on it before the login.
  return stream.epoch === undefined ? [state, []] : show(state, frame);
}

/** Takes in what a login says about its room's log; `isLost`: the page missed what nobody can bring back. */
export function follow(state: State, frame: LoggedIn): { step: Step; isLost: boolean } {
  const { roomId, more } = frame;
  const stream = { ...(streamOf(state, roomId) ?? newStream), tries: undefined };
  const taken = catchUp(stream, frame);
  const login = { ...frame, missed: [] };
  return { step: deliver(state, roomId, { ...taken, stream: { ...taken.stream, login } }, more), isLost: taken.isLost };
}

export function onReplayed(state: State, frame: FrameOfType<"replayed">): Step {
  const { roomId, epoch, ref, recovered, missed, upTo, more } = frame;
  const before = state.streams.get(roomId);
  if (before?.epoch === undefined) return [state, []];
  // Sent unasked it is a redelivery, which says nothing about numbers that are not in it.
  if (ref === undefined) return deliver(state, roomId, take(before, missed as Logged[]));
  const isSameLog = epoch === before.epoch;
  // An answer to an earlier stay in the room, or one that a later answer has overtaken.
  if (recovered ? !isSameLog || Number(ref) > before.seq : isSameLog && upTo <= before.seq) return [state, []];
  const isProgress = upTo > before.seq;
  const taken = catchUp(isProgress ? { ...before, tries: 1 } : before, { ...frame, seq: upTo });
  const step = deliver(state, roomId, taken, more && isProgress);
  const { login } = before;
  if (!taken.isLost || !login) return step;
  const lost = { ...login, ref: undefined, epoch, seq: upTo, recovered, upTo };
  return andThen(step, (current) => show(current, lost));
}

/** More waits in these logs than the server may have under way. */
export function onBehind(state: State, { rooms }: FrameOfType<"behind">): Step {
  let step: Step = [state, []];
  for (const roomId of rooms) {
    const stream = state.streams.get(roomId);
    if (stream?.epoch === undefined) continue;
    const head = Math.max(stream.head, stream.seq + 1);
    const taken = { stream: { ...stream, head }, shown: [], toAck: 0 };
    step = andThen(step, (current) => deliver(current, roomId, taken, true));
  }
  return step;
}

/** Asks for what is between the page and the log's head; again and again, until nothing is. */
export function askForGap(state: State, roomId: string): Step {
  const stream = state.streams.get(roomId);
  if (!stream || !hasGap(stream)) return [state, []];
  const { epoch, seq, tries = 0 } = stream;
  const effects: Effect[] = [{ do: "start", timer: `gap ${roomId}`, tries: tries + 1 }];
  if (state.link.at === "open") {
    effects.push({ do: "send", frame: { action: "replay", roomId, epoch, after: seq, ref: `${seq}` } });
  }
  return [{ ...state, streams: withEntry(state.streams, roomId, { ...stream, tries: tries + 1 }) }, effects];
}

function deliver(state: State, roomId: string, { stream, shown, toAck }: Taken, askNow = false): Step {
  const effects: Effect[] = shown.map((frame) => ({ do: "show", frame }));
  const timer = `gap ${roomId}` as const;
  let { tries } = stream;
  if (!hasGap(stream)) {
    if (tries !== undefined) effects.push({ do: "stop", timer });
    tries = undefined;
  } else if (tries === undefined) {
    tries = 0;
    effects.push({ do: "start", timer, tries });
  }
  const streams = withEntry(state.streams, roomId, { ...stream, tries });
  const step = andThen([{ ...state, streams }, effects], (current) => ackSoon(current, toAck));
  return askNow ? andThen(step, (current) => askForGap(current, roomId)) : step;
}
