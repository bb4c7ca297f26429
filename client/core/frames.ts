import type { FrameOf, LoginFrame, ServerFrame } from "../../protocol/frames.ts";
import { isReservedRoom } from "../../protocol/ids.ts";
import { ackAgain } from "./acks.ts";
import { follow, goOn, onBehind, onMessage, onReplayed } from "./delivery.ts";
import { DownlinkError } from "./downlink-error.ts";
import { linkIsOpen, loseLink, sayHello, signOfLife } from "./link.ts";
import type { LoggedIn } from "./reorder-buffer.ts";
import { forget, isLoggingIn, settle } from "./requests.ts";
import { afterEviction, afterLogin, isIn, waitingRoom } from "./room.ts";
import { type Draft, plan, send, show } from "./state.ts";

type FrameOfType<T extends ServerFrame["type"]> = Extract<ServerFrame, { type: T }>;

/** What one frame of the server means; one that a newer server sends and this client does not know means nothing. */
export function onFrame(draft: Draft, frame: ServerFrame): void {
  signOfLife(draft);
  if (Object.hasOwn(on, frame.type)) (on[frame.type] as (draft: Draft, frame: ServerFrame) => void)(draft, frame);
}

// A frame that is missing here does not compile.
const on: { [T in ServerFrame["type"]]: (draft: Draft, frame: FrameOfType<T>) => void } = {
  message: onMessage,
  connected: onConnected,
  helloFailed(draft, frame) {
    show(draft, frame);
    loseLink(draft, `hello failed: ${frame.data.msg}`, frame.data);
  },
  loggedIn: onLoggedIn,
  loginFailed: onFailed,
  evicted: onEvicted,
  left: onDone,
  leaveFailed: onFailed,
  published: onDone,
  publishFailed: onFailed,
  // A page asks with a number, a stream with a string.
  replayed: (draft, frame) => (typeof frame.ref === "number" ? onDone(draft, frame) : onReplayed(draft, frame)),
  replayFailed: onFailed,
  behind: onBehind,
  delivered: show,
  heartbeat: show,
  probe: (draft, { nonce }) => send(draft, { action: "here", nonce }),
  refused: onFailed,
};

function onConnected(draft: Draft, frame: FrameOfType<"connected">) {
  draft.session = frame.session;
  for (const result of frame.rooms) onRestored(draft, result);
  // On an open connection it was asked whether the places are still there.
  draft.hellos -= 1;
  if (draft.link !== "greeting" || draft.hellos > 0) return;
  linkIsOpen(draft);
  show(draft, frame);
}

/** One room of a `hello`: either the place is back, or the page is told why not. */
function onRestored(draft: Draft, result: LoginFrame) {
  if (result.type === "loggedIn") return onLoggedIn(draft, result);
  // An eviction may have arrived by itself a moment before: it is told once.
  const { roomId = "" } = result;
  if (draft.rooms.has(roomId)) show(draft, result);
  forget(draft, roomId);
}

function onLoggedIn(draft: Draft, frame: LoggedIn) {
  const { roomId, ref, recovered } = frame;
  if (isReservedRoom(roomId)) return goOn(draft, frame);
  const request = draft.requests.get(ref as number);
  // A room may have been lost while its next login was under way: that is answered as any other.
  const before = draft.rooms.get(roomId) ?? (request && waitingRoom);
  // The page gave up waiting, or was evicted since: a place that it knows nothing of would only block others.
  if (!before) return plan(draft, "leave", roomId);
  if (!request && !isIn(before)) return;
  const room = afterLogin(before, frame);
  if (!isIn(room)) {
    // The 2005 overtook its 2002: the page hears only that it is out.
    if (!request || !room.evicted) return;
    settle(draft, request, new DownlinkError(room.evicted.data));
    show(draft, room.evicted);
    return;
  }
  const { type } = (request as FrameOf<"loginRoom"> | undefined) ?? room;
  draft.rooms.set(roomId, { ...room, type });
  // What a login caught up that nobody waits for any more began somewhere else.
  if (!request) return goOn(draft, ref === undefined ? frame : { ...frame, recovered: undefined, more: undefined });
  follow(draft, frame, (isLost) => {
    settle(draft, request, { ...frame.data, recovered: isLost ? false : recovered });
    show(draft, frame);
  });
}

function onEvicted(draft: Draft, frame: FrameOfType<"evicted">): void {
  const { roomId } = frame;
  const before = draft.rooms.get(roomId);
  if (!before) return;
  const room = afterEviction(before, frame);
  const isOut = !isIn(room);
  if (isOut) forget(draft, roomId);
  if (!isOut || isLoggingIn(draft, roomId)) draft.rooms.set(roomId, room);
  if (isOut && isIn(before)) show(draft, frame);
}

function onDone(draft: Draft, frame: FrameOfType<"left" | "published" | "replayed">): void {
  const { type, eventName, data, ref, ...rest } = frame;
  const request = draft.requests.get(ref as number);
  if (!request) return;
  if (type === "left") forget(draft, frame.roomId);
  settle(draft, request, type === "left" ? data : { ...data, ...rest });
  show(draft, frame);
}

type Failed = FrameOfType<"loginFailed" | "leaveFailed" | "publishFailed" | "replayFailed" | "refused">;

function onFailed(draft: Draft, frame: Failed) {
  const { ref } = frame;
  // Of acks and replays the page knows nothing.
  if (typeof ref === "string") {
    if (frame.data.code === "5001") ackAgain(draft);
    // They are refused to whoever has no place: it is asked which are still there.
    else if (ref !== "last") sayHello(draft);
    return;
  }
  const request = draft.requests.get(ref as number);
  if (request) settle(draft, request, new DownlinkError(frame.data));
  show(draft, frame);
}
