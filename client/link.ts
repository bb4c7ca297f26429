import type { frameTexts } from "../protocol/codes.ts";
import type { FrameOf, RoomToRestore } from "../protocol/frames.ts";
import { everyone, ownRoom } from "../protocol/ids.ts";
import type { limits } from "../protocol/limits.ts";
import { sendAcks } from "./acks.ts";
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

const roomsPerHello: (typeof limits)["roomsPerHello"] = 50;

/** The rooms that the page is in. */
export const roomsIn = ({ rooms }: State) => [...rooms].filter(([, room]) => isIn(room)).map(([roomId]) => roomId);

/**
 * Says `hello` and asks for these rooms back, as many at once as the server allows. The rest goes into further `hello`
 * frames, not into `loginRoom`: that one knows no generation, so a page that was evicted meanwhile would evict its
 * successor.
 */
export function greet(state: State, attempt: number, roomIds: readonly string[]): Step {
  const [frame, rest] = helloOf(state, roomIds);
  return [{ ...state, link: { at: "greeting", attempt, rest } }, [{ do: "send", frame }]];
}

/** Asks whether the places are still there, after the server has refused what it grants to whoever has one. */
export function checkPlaces(state: State): Step {
  const effects: Effect[] = [];
  let rest: readonly string[] = roomsIn(state);
  do {
    const [frame, later] = helloOf(state, rest);
    effects.push({ do: "send", frame });
    rest = later;
  } while (rest.length > 0);
  return [state, effects];
}

function helloOf(state: State, roomIds: readonly string[]): [FrameOf<"hello">, rest: readonly string[]] {
  const own = [everyone, ownRoom].filter((roomId) => state.streams.has(roomId));
  const most = roomsPerHello - own.length;
  const rest = roomIds.slice(most);
  const rooms = [...own, ...roomIds.slice(0, most)].map((roomId) => placeIn(state, roomId));
  return [{ action: "hello", session: state.session, rooms, probe: true, acks: true, ref: rest.length }, rest];
}

function placeIn({ rooms, streams }: State, roomId: string): RoomToRestore {
  const room = rooms.get(roomId);
  const { epoch, seq } = streams.get(roomId) ?? {};
  const since = epoch !== undefined && seq !== undefined ? { epoch, seq } : undefined;
  return { roomId, type: room?.type, generation: room?.login, since };
}

const connectedText: (typeof frameTexts)["connected"] = "connect success";
export const connectedNotice: Effect = { do: "connected", notice: { code: "2001", msg: connectedText } };

/** Every place is restored: the page's requests may go. */
export function linkIsOpen(state: State): Step {
  const open: Step = [
    { ...state, link: { at: "open", isAsked: false }, trouble: undefined },
    [{ do: "stop", timer: "deadline" }, { do: "start", timer: "silence", tries: 0 }, connectedNotice],
  ];
  return andThen(andThen(open, sendAcks), sendWaiting);
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
