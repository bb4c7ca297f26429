import { frameTexts } from "../protocol/codes.ts";
import type { FrameOf, RoomToRestore } from "../protocol/frames.ts";
import { limits } from "../protocol/limits.ts";
import { clientCodes } from "./client-codes.ts";
import type { Failure } from "./downlink-error.ts";
import { sendWaiting } from "./requests.ts";
import { isIn } from "./room.ts";
import { andThen, type Effect, type State, type Step } from "./state.ts";

/** Starts an attempt to connect. */
export function openLink(state: State, attempt: number): Step {
  return [
    { ...state, link: { at: "opening", attempt } },
    [{ do: "open" }, { do: "start", timer: "deadline", tries: 0 }],
  ];
}

/** The connection is gone or useless: give it up and try again later. */
export function loseLink(state: State, msg: string, cause?: unknown): Step {
  const { link } = state;
  if (link.at === "idle" || link.at === "closed" || link.at === "waiting") return [state, []];
  const trouble: Failure = { code: clientCodes.connectFailed, msg, cause };
  const tries = link.at === "open" ? 0 : link.attempt;
  const requests = new Map([...state.requests].map(([ref, request]) => [ref, { ...request, sends: 0 }]));
  const effects: Effect[] = [{ do: "drop" }, { do: "start", timer: "reconnect", tries }];
  if (link.at !== "open") effects.push({ do: "attemptFailed", failure: trouble });
  return [{ ...state, link: { at: "waiting", attempt: tries + 1 }, requests, trouble }, effects];
}

/** Says `hello` and asks for all rooms back that the page was in. */
export function greet(state: State, attempt: number): Step {
  const rooms: RoomToRestore[] = [];
  for (const [roomId, room] of state.rooms) {
    if (isIn(room)) rooms.push({ roomId, type: room.type, generation: room.login });
  }
  return sayHello(state, attempt, rooms);
}

/**
 * Rooms above the limit go into further `hello` frames, not into `loginRoom`: that one knows no generation, so a
 * page that was evicted meanwhile would evict its successor.
 */
export function sayHello(state: State, attempt: number, rooms: readonly RoomToRestore[]): Step {
  const rest = rooms.slice(limits.roomsPerHello);
  const frame: FrameOf<"hello"> = {
    action: "hello",
    session: state.session,
    rooms: rooms.slice(0, limits.roomsPerHello),
    probe: true,
    ref: rest.length,
  };
  return [{ ...state, link: { at: "greeting", attempt, rest } }, [{ do: "send", frame }]];
}

export const connectedNotice: Effect = { do: "connected", notice: { code: "2001", msg: frameTexts.connected } };

/** Every place is restored: the page's requests may go. */
export function linkIsOpen(state: State): Step {
  const open: Step = [
    { ...state, link: { at: "open", isAsked: false }, trouble: undefined },
    [{ do: "stop", timer: "deadline" }, { do: "start", timer: "silence", tries: 0 }, connectedNotice],
  ];
  return andThen(open, sendWaiting);
}

/** Asks for a sign of life, unless that has been done. */
export function askForLife(state: State): Step {
  if (state.link.at !== "open" || state.link.isAsked) return [state, []];
  return [
    { ...state, link: { at: "open", isAsked: true } },
    [
      { do: "send", frame: { action: "heartbeat" } },
      { do: "start", timer: "deadline", tries: 0 },
    ],
  ];
}

/** Whatever arrives proves that the connection lives. */
export function signOfLife(state: State): Step {
  if (state.link.at !== "open") return [state, []];
  const silence: Effect = { do: "start", timer: "silence", tries: 0 };
  if (!state.link.isAsked) return [state, [silence]];
  return [{ ...state, link: { at: "open", isAsked: false } }, [{ do: "stop", timer: "deadline" }, silence]];
}
