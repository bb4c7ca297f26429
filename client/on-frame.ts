import type { LoginFrame, ServerFrame } from "../protocol/frames.ts";
import { isReservedRoom } from "../protocol/ids.ts";
import { checkPlaces, greet, linkIsOpen, loseLink, roomsIn, signOfLife } from "./link.ts";
import { forget, isLoggingIn, reject, requestOf, resolve } from "./requests.ts";
import { afterEviction, afterLogin, type Evicted, isIn } from "./room.ts";
import { andThen, type Request, type State, type Step, withEntry } from "./state.ts";
import type { LoggedIn } from "./stream.ts";
import { follow, onBehind, onMessage, onReplayed, show } from "./streams.ts";

type FrameOfType<T extends ServerFrame["type"]> = Extract<ServerFrame, { type: T }>;

/** What one frame of the server means. */
export function onFrame(state: State, frame: ServerFrame): Step {
  return andThen(signOfLife(state), (alive) => read(alive, frame));
}

function read(state: State, frame: ServerFrame): Step {
  switch (frame.type) {
    case "message":
      return onMessage(state, frame);
    case "connected":
      return onConnected(state, frame);
    case "helloFailed":
      return onHelloFailed(state, frame);
    case "loggedIn":
      return onLoggedIn(state, frame);
    case "evicted":
      return onEvicted(state, frame);
    case "left":
      return onLeft(state, frame);
    case "published":
      return onPublished(state, frame);
    case "replayed":
      return onReplayed(state, frame);
    case "behind":
      return onBehind(state, frame);
    case "loginFailed":
    case "leaveFailed":
    case "publishFailed":
    case "replayFailed":
    case "refused":
      return onFailed(state, frame);
    case "probe":
      return [state, [{ do: "send", frame: { action: "here", nonce: frame.nonce } }]];
    case "heartbeat":
    case "delivered":
      return show(state, frame);
    default:
      frame satisfies never; // at run time a newer server may send a frame that this client does not know
      return [state, []];
  }
}

function onConnected(state: State, frame: FrameOfType<"connected">): Step {
  const { link } = state;
  let step: Step = [{ ...state, session: frame.session }, []];
  for (const result of frame.rooms) step = andThen(step, (current) => onRestored(current, result));
  // Asked on an open connection whether the places are still there.
  if (link.at !== "greeting") return step;
  const isStillIn = (roomId: string) => roomsIn(step[0]).includes(roomId);
  const rest = link.rest.filter(isStillIn);
  if (rest.length > 0) return andThen(step, (current) => greet(current, link.attempt, rest));
  return andThen(andThen(step, linkIsOpen), (current) => show(current, frame));
}

/** One room of a `hello`: either the place is back, or the page is told why not. */
function onRestored(state: State, result: LoginFrame): Step {
  if (result.type === "loggedIn") return onLoggedIn(state, result);
  // An eviction may have arrived by itself a moment before: it is told once.
  const { roomId = "" } = result;
  return state.rooms.has(roomId) ? show(forget(state, roomId), result) : [state, []];
}

function onHelloFailed(state: State, frame: FrameOfType<"helloFailed">): Step {
  return andThen(show(state, frame), (current) => loseLink(current, `hello failed: ${frame.data.msg}`, frame.data));
}

function onLoggedIn(state: State, frame: LoggedIn): Step {
  const { roomId, ref, recovered } = frame;
  if (isReservedRoom(roomId)) return onFollowed(state, frame);
  const request = requestOf(state, ref);
  const before = state.rooms.get(roomId);
  // The page gave up waiting, or was evicted since: a place that it knows nothing of would only block others.
  if (!before) return [state, [{ do: "leave", roomId }]];
  if (!request && !isIn(before)) return [state, []];
  const room = afterLogin(before, frame);
  if (!isIn(room)) return request ? onLateLogin(state, request, room.evicted) : [state, []];
  const type = request?.action === "loginRoom" ? request.type : room.type;
  const entered = { ...state, rooms: withEntry(state.rooms, roomId, { ...room, type }) };
  // What a login caught up that nobody waits for any more began somewhere else.
  if (!request) return onFollowed(entered, ref === undefined ? frame : { ...frame, recovered: undefined });
  const { step, isLost } = follow(entered, frame);
  const [followed, effects] = step;
  const { code, msg } = frame.data;
  const resolved = resolve(followed, request, { code, msg, recovered: isLost ? false : recovered });
  return andThen(
    andThen(resolved, (current) => show(current, frame)),
    (current) => [current, effects],
  );
}

/** Where the log stands of a room that the page was in before. It hears of it only if it missed something for good. */
function onFollowed(state: State, frame: LoggedIn): Step {
  const { step, isLost } = follow(state, frame);
  return isLost ? andThen(show(state, { ...frame, recovered: false }), () => step) : step;
}

/** The 2005 overtook its 2002: the page hears only that it is out. */
function onLateLogin(state: State, request: Request, evicted: Evicted | undefined): Step {
  const step = reject(state, request, evicted?.data ?? { code: "2005", msg: "" });
  return evicted ? andThen(step, (current) => show(current, evicted)) : step;
}

function onEvicted(state: State, frame: FrameOfType<"evicted">): Step {
  const before = state.rooms.get(frame.roomId);
  if (!before) return [state, []];
  const room = afterEviction(before, frame);
  const isOut = !isIn(room);
  const rest = isOut ? forget(state, frame.roomId) : state;
  const isKept = !isOut || isLoggingIn(state, frame.roomId);
  const after = isKept ? { ...rest, rooms: withEntry(rest.rooms, frame.roomId, room) } : rest;
  return isIn(before) && !isIn(room) ? show(after, frame) : [after, []];
}

function onLeft(state: State, frame: FrameOfType<"left">): Step {
  const request = requestOf(state, frame.ref);
  if (!request) return [state, []];
  const after = forget(state, frame.roomId);
  return andThen(resolve(after, request, frame.data), (current) => show(current, frame));
}

function onPublished(state: State, frame: FrameOfType<"published">): Step {
  const { data, ref, clientMessageId, messageId, epoch, seq, conversation } = frame;
  const request = requestOf(state, ref);
  if (!request) return [state, []];
  const notice = { ...data, clientMessageId, messageId, epoch, seq, conversation };
  return andThen(resolve(state, request, notice), (current) => show(current, frame));
}

type Failed = FrameOfType<"loginFailed" | "leaveFailed" | "publishFailed" | "replayFailed" | "refused">;

function onFailed(state: State, frame: Failed): Step {
  const { ref } = frame;
  // Of acks and replays the page knows nothing.
  if (typeof ref === "string") return ref === "last" ? [state, []] : checkPlaces(state);
  const request = requestOf(state, ref);
  const settled: Step = request ? reject(state, request, frame.data) : [state, []];
  return andThen(settled, (current) => show(current, frame));
}
