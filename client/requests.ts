import type { Ref } from "../protocol/frames.ts";
import { clientCodes } from "./client-codes.ts";
import type { Failure } from "./downlink-error.ts";
import { isIn, waitingRoom } from "./room.ts";
import { andThen, type Effect, type Notice, type Request, type State, type Step, withEntry, without } from "./state.ts";

/** The first, and three more after trouble; the request's time limit comes first if the pauses grow long. */
const maxSends = 4;

export function addRequest(state: State, request: Request): Step {
  const asked: Step = [
    { ...state, requests: withEntry(state.requests, request.ref, request) },
    [{ do: "start", timer: request.ref, tries: 0 }],
  ];
  return andThen(asked, sendWaiting);
}

/**
 * Sends what waits, one request per room at a time: Lambdas run side by side, so a login and a leave sent
 * one after the other may happen the other way round.
 */
export function sendWaiting(state: State): Step {
  if (state.link.at !== "open") return [state, []];
  const requests = new Map(state.requests);
  const rooms = new Map(state.rooms);
  const busy = new Set<string>();
  const effects: Effect[] = [];
  for (const request of state.requests.values()) {
    if (request.sends === 0 && !busy.has(request.roomId)) {
      requests.set(request.ref, { ...request, sends: 1 });
      if (request.action === "loginRoom" && !rooms.has(request.roomId)) rooms.set(request.roomId, waitingRoom);
      effects.push(sendOf(request));
    }
    busy.add(request.roomId);
  }
  return effects.length === 0 ? [state, effects] : [{ ...state, requests, rooms }, effects];
}

/** Which request had the trouble is unknown, and all may safely be sent twice: so all are. */
export function sendAgain(state: State): Step {
  const requests = new Map(state.requests);
  const effects: Effect[] = [];
  for (const request of state.requests.values()) {
    if (request.sends === 0 || request.sends >= maxSends) continue;
    requests.set(request.ref, { ...request, sends: request.sends + 1 });
    effects.push(sendOf(request));
  }
  return [{ ...state, requests }, effects];
}

function sendOf({ sends: _, ...frame }: Request): Effect {
  return { do: "send", frame };
}

/** Starts the pause after which everything under way is sent again. */
export function pauseAfterTrouble(state: State): Effect[] {
  const sends = Math.max(0, ...[...state.requests.values()].map((request) => request.sends));
  return sends === 0 ? [] : [{ do: "start", timer: "resend", tries: sends }];
}

/** Which request a frame answers. */
export const requestOf = (state: State, ref: Ref | undefined) => state.requests.get(ref as number);

export const resolve = (state: State, request: Request, notice: Notice) =>
  settle(state, request, { do: "resolve", ref: request.ref, notice });

/** A login that failed changes nothing about a place that the page had before. */
export const reject = (state: State, request: Request, failure: Failure) =>
  settle(state, request, { do: "reject", ref: request.ref, failure });

export function timeOut(state: State, ref: number): Step {
  const request = state.requests.get(ref);
  if (!request) return [state, []];
  const { action, roomId } = request;
  const why = state.trouble ? `: ${state.trouble.msg}` : "";
  const msg = `${action} of room ${roomId} was not answered within requestTimeoutMs${why}`;
  return reject(state, request, { code: clientCodes.timedOut, msg, cause: state.trouble });
}

function settle(state: State, { ref, roomId }: Request, effect: Effect): Step {
  const requests = without(state.requests, ref);
  const room = state.rooms.get(roomId);
  const rooms = room && !isIn(room) ? without(state.rooms, roomId) : state.rooms;
  return andThen([{ ...state, requests, rooms }, [{ do: "stop", timer: ref }, effect]], sendWaiting);
}

export function isLoggingIn(state: State, roomId: string): boolean {
  for (const request of state.requests.values()) {
    if (request.action === "loginRoom" && request.roomId === roomId && request.sends > 0) return true;
  }
  return false;
}
