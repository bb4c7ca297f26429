import type { FrameOf, LoginFrame, ServerFrame } from "../../protocol/frames.ts";
import { isReservedRoom } from "../../protocol/ids.ts";
import { repeatAcks } from "./acks.ts";
import { followLog, onBehind, onMessage, onReplayed, resumeLog } from "./delivery.ts";
import { DownlinkError } from "./downlink-error.ts";
import { loseLink, onActivity, onLinkOpen, sendHello } from "./link.ts";
import type { LoggedIn } from "./reorder-buffer.ts";
import { forgetRoom, isLoggingIn, settle } from "./requests.ts";
import { afterEviction, afterLogin, isMember, newRoom } from "./room.ts";
import { type Draft, emit, notify, send } from "./state.ts";

type FrameOfType<T extends ServerFrame["type"]> = Extract<ServerFrame, { type: T }>;

/** Handles a frame of the server. Ignores types that this version of the client does not know. */
export function onFrame(draft: Draft, frame: ServerFrame): void {
  onActivity(draft);
  // hasOwn, not `in`: a frame may have the type "constructor".
  if (Object.hasOwn(on, frame.type)) (on[frame.type] as (draft: Draft, frame: ServerFrame) => void)(draft, frame);
}

// Every frame type has a handler, or this does not compile.
const on: { [T in ServerFrame["type"]]: (draft: Draft, frame: FrameOfType<T>) => void } = {
  message: onMessage,
  connected: onConnected,
  helloFailed(draft, frame) {
    notify(draft, frame);
    loseLink(draft, `hello failed: ${frame.data.msg}`, frame.data);
  },
  loggedIn: onLoggedIn,
  loginFailed: onFailed,
  evicted: onEvicted,
  left: onSucceeded,
  leaveFailed: onFailed,
  published: onSucceeded,
  publishFailed: onFailed,
  // The `ref` of a page's request is a number, that of a gap request is a string.
  replayed: (draft, frame) => (typeof frame.ref === "number" ? onSucceeded(draft, frame) : onReplayed(draft, frame)),
  replayFailed: onFailed,
  behind: onBehind,
  delivered: notify,
  heartbeat: notify,
  probe: (draft, { nonce }) => send(draft, { action: "here", nonce }),
  refused: onFailed,
};

function onConnected(draft: Draft, frame: FrameOfType<"connected">) {
  draft.session = frame.session;
  for (const result of frame.rooms) onRestored(draft, result);
  // On an open connection the client only asked which memberships still exist.
  draft.hellos -= 1;
  if (draft.link !== "restoring" || draft.hellos > 0) return;
  onLinkOpen(draft);
  notify(draft, frame);
}

/** Handles one room of a response to `hello`: the membership is restored, or listeners learn why not. */
function onRestored(draft: Draft, result: LoginFrame) {
  if (result.type === "loggedIn") return onLoggedIn(draft, result);
  const { roomId = "" } = result;
  // The same eviction may have arrived as a frame before: it is reported once.
  if (draft.rooms.has(roomId)) notify(draft, result);
  forgetRoom(draft, roomId);
}

function onLoggedIn(draft: Draft, frame: LoggedIn) {
  const { roomId, ref, recovered } = frame;
  if (isReservedRoom(roomId)) return resumeLog(draft, frame);
  const request = draft.requests.get(ref as number);
  // The room may be gone while its next login is pending: that login succeeds as any other.
  const before = draft.rooms.get(roomId) ?? (request && newRoom);
  // The login timed out, or the page was evicted since. A membership that it does not know of would only block others.
  if (!before) return emit(draft, "leave", roomId);
  if (!request && !isMember(before)) return;
  const room = afterLogin(before, frame);
  if (!isMember(room)) {
    // The 2005 overtook its 2002: the login fails with it.
    if (!request || !room.evicted) return;
    settle(draft, request, new DownlinkError(room.evicted.data));
    notify(draft, room.evicted);
    return;
  }
  const { type } = (request as FrameOf<"loginRoom"> | undefined) ?? room;
  draft.rooms.set(roomId, { ...room, type });
  // This login timed out, so its catch-up starts at another position: ignore `recovered` and `more`.
  if (!request)
    return resumeLog(draft, ref === undefined ? frame : { ...frame, recovered: undefined, more: undefined });
  followLog(draft, frame, (isLost) => {
    settle(draft, request, { ...frame.data, recovered: isLost ? false : recovered });
    notify(draft, frame);
  });
}

function onEvicted(draft: Draft, frame: FrameOfType<"evicted">): void {
  const { roomId } = frame;
  const before = draft.rooms.get(roomId);
  if (!before) return;
  const room = afterEviction(before, frame);
  const isEvicted = !isMember(room);
  if (isEvicted) forgetRoom(draft, roomId);
  if (!isEvicted || isLoggingIn(draft, roomId)) draft.rooms.set(roomId, room);
  if (isEvicted && isMember(before)) notify(draft, frame);
}

function onSucceeded(draft: Draft, frame: FrameOfType<"left" | "published" | "replayed">): void {
  const { type, eventName, data, ref, ...rest } = frame;
  const request = draft.requests.get(ref as number);
  if (!request) return;
  if (type === "left") forgetRoom(draft, frame.roomId);
  settle(draft, request, type === "left" ? data : { ...data, ...rest });
  notify(draft, frame);
}

type Failed = FrameOfType<"loginFailed" | "leaveFailed" | "publishFailed" | "replayFailed" | "refused">;

function onFailed(draft: Draft, frame: Failed) {
  const { ref } = frame;
  // The client's own ack or gap request failed: the page does not know of it.
  if (typeof ref === "string") {
    if (frame.data.code === "5001") repeatAcks(draft);
    // The server refuses acks and replays of a client that is not a member: ask which memberships still exist.
    else if (ref !== "last") sendHello(draft);
    return;
  }
  const request = draft.requests.get(ref as number);
  if (request) settle(draft, request, new DownlinkError(frame.data));
  notify(draft, frame);
}
