import { frameTexts } from "../protocol/codes.ts";
import type { LoginFrame, MessageFrame, ServerFrame } from "../protocol/frames.ts";
import { everyone, isReservedRoom } from "../protocol/ids.ts";
import { linkIsOpen, loseLink, sayHello, signOfLife } from "./link.ts";
import { isLoggingIn, reject, requestOf, resolve } from "./requests.ts";
import { afterEviction, afterLogin, isIn } from "./room.ts";
import { isSeen, remember } from "./seen.ts";
import { andThen, type Request, type State, type Step, withEntry, without } from "./state.ts";

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
    case "loginFailed":
    case "leaveFailed":
    case "refused":
      return onFailed(state, frame);
    case "probe":
      return [state, [{ do: "send", frame: { action: "here", nonce: frame.nonce } }]];
    case "heartbeat":
    case "delivered":
      return show(state, frame);
    case "published":
    case "publishFailed":
    case "replayed":
    case "replayFailed":
    case "behind":
      return [state, []];
    default:
      frame satisfies never; // at run time a newer server may send a frame that this client does not know
      return [state, []];
  }
}

function onMessage(state: State, frame: MessageFrame): Step {
  const { roomId = everyone } = frame;
  if (isReservedRoom(roomId)) return showOnce(state, frame);
  const room = state.rooms.get(roomId);
  if (!room) return [state, []];
  if (isIn(room)) return showOnce(state, frame);
  // Messages may overtake the 2002 of their room; what follows that 2002 must not be lost.
  return [{ ...state, rooms: withEntry(state.rooms, roomId, { ...room, early: [...room.early, frame] }) }, []];
}

function showOnce(state: State, frame: MessageFrame): Step {
  if (isSeen(state.seen, frame)) return [state, []];
  return show({ ...state, seen: remember(state.seen, frame) }, frame);
}

const show = (state: State, frame: ServerFrame): Step => [state, [{ do: "show", frame }]];

function onConnected(state: State, frame: FrameOfType<"connected">): Step {
  const { link } = state;
  if (link.at !== "greeting") return [state, []];
  let step: Step = [{ ...state, session: frame.session }, []];
  for (const result of frame.rooms) step = andThen(step, (current) => onRestored(current, result));
  if (link.rest.length > 0) return andThen(step, (current) => sayHello(current, link.attempt, link.rest));
  return andThen(andThen(step, linkIsOpen), (current) => show(current, frame));
}

/** One room of a `hello`: either the place is back, or the page is told why not. */
function onRestored(state: State, result: LoginFrame): Step {
  if (result.type === "loggedIn") return onLoggedIn(state, result);
  // An eviction may have arrived by itself a moment before: it is told once.
  const { roomId = "" } = result;
  return state.rooms.has(roomId) ? show({ ...state, rooms: without(state.rooms, roomId) }, result) : [state, []];
}

function onHelloFailed(state: State, frame: FrameOfType<"helloFailed">): Step {
  if (state.link.at !== "greeting") return [state, []];
  return andThen(show(state, frame), (current) => loseLink(current, `hello failed: ${frame.data.msg}`, frame.data));
}

function onLoggedIn(state: State, frame: FrameOfType<"loggedIn">): Step {
  const { roomId } = frame;
  const request = requestOf(state, frame.ref);
  const before = state.rooms.get(roomId);
  // The page gave up waiting, or was evicted since: a place that it knows nothing of would only block others.
  if (!before) return [state, [{ do: "leave", roomId }]];
  if (!request && !isIn(before)) return [state, []];
  const room = afterLogin(before, frame);
  if (!isIn(room)) return request ? onLateLogin(state, request, room.eviction) : [state, []];
  const type = request?.action === "loginRoom" ? request.type : room.type;
  const rooms = withEntry(state.rooms, roomId, { ...room, type, early: [] });
  let step: Step = [{ ...state, rooms }, []];
  if (request) {
    step = andThen(step, (current) => resolve(current, request, frame.data));
    step = andThen(step, (current) => show(current, frame));
  }
  for (const message of room.early) step = andThen(step, (current) => showOnce(current, message));
  return step;
}

/** The 2005 overtook its 2002: the page hears only that it is out. */
function onLateLogin(state: State, request: Request, generation: number): Step {
  const { roomId } = request;
  const data = { code: "2005", msg: frameTexts.evicted(roomId) } as const;
  const frame: ServerFrame = { type: "evicted", eventName: "loginRoomResp", data, roomId, generation };
  return andThen(reject(state, request, data), (current) => show(current, frame));
}

function onEvicted(state: State, frame: FrameOfType<"evicted">): Step {
  const before = state.rooms.get(frame.roomId);
  if (!before) return [state, []];
  const room = afterEviction(before, frame.generation);
  const isKept = isIn(room) || isLoggingIn(state, frame.roomId);
  const rooms = isKept ? withEntry(state.rooms, frame.roomId, room) : without(state.rooms, frame.roomId);
  const after: State = { ...state, rooms };
  return isIn(before) && !isIn(room) ? show(after, frame) : [after, []];
}

function onLeft(state: State, frame: FrameOfType<"left">): Step {
  const request = requestOf(state, frame.ref);
  if (!request) return [state, []];
  const after: State = { ...state, rooms: without(state.rooms, frame.roomId) };
  return andThen(resolve(after, request, frame.data), (current) => show(current, frame));
}

function onFailed(state: State, frame: FrameOfType<"loginFailed" | "leaveFailed" | "refused">): Step {
  const request = requestOf(state, frame.ref);
  const settled: Step = request ? reject(state, request, frame.data) : [state, []];
  return andThen(settled, (current) => show(current, frame));
}
