import type { FrameOf, Ref } from "../protocol/frames.ts";
import type { limits } from "../protocol/limits.ts";
import { sendAcks } from "./acks.ts";
import { clientCodes } from "./client-codes.ts";
import type { Failure } from "./downlink-error.ts";
import { isIn, waitingRoom } from "./room.ts";
import {
  andThen,
  type Effect,
  type LoginNotice,
  type PublishNotice,
  type Request,
  type State,
  type Step,
  withEntry,
  without,
} from "./state.ts";

const frameBytes: (typeof limits)["frameBytes"] = 32_768;
const bytesOf = ({ sends: _, ...frame }: Request) => new TextEncoder().encode(JSON.stringify(frame)).length;

/** The first, and three more after trouble; the request's time limit comes first if the pauses grow long. */
const maxSends = 4;

export function addRequest(state: State, request: Request): Step {
  // API Gateway would close the connection, and again after each reconnect.
  if (request.action === "publish" && bytesOf(request) > frameBytes) {
    const msg = `a publish should have at most ${frameBytes} bytes, got ${bytesOf(request)}: send a link instead`;
    return [state, [{ do: "reject", ref: request.ref, failure: { code: clientCodes.tooLarge, msg } }]];
  }
  const asked: Step = [
    { ...state, requests: withEntry(state.requests, request.ref, request) },
    [{ do: "start", timer: request.ref, tries: 0 }],
  ];
  const acked = request.action === "leaveRoom" ? andThen(asked, (current) => sendAcks(current, true)) : asked;
  return andThen(acked, sendWaiting);
}

/** Where the request goes. */
const targetOf = (request: Request) => request.roomId ?? (request as FrameOf<"publish">).toUser ?? "";

/**
 * Sends what waits, one request per room at a time: Lambdas run side by side, so a login and a leave sent
 * one after the other may happen the other way round, and so may two messages.
 */
export function sendWaiting(state: State): Step {
  if (state.link.at !== "open") return [state, []];
  const requests = new Map(state.requests);
  const rooms = new Map(state.rooms);
  const busy = new Set<string>();
  const effects: Effect[] = [];
  for (const request of state.requests.values()) {
    const target = targetOf(request);
    if (request.sends === 0 && !busy.has(target)) {
      requests.set(request.ref, { ...request, sends: 1 });
      if (request.action === "loginRoom" && !rooms.has(target)) rooms.set(target, waitingRoom);
      effects.push(sendOf(state, request));
    }
    // Messages without a number have no order.
    if (request.action !== "publish" || request.qos !== 0) busy.add(target);
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
    effects.push(sendOf(state, request));
  }
  return [{ ...state, requests }, effects];
}

function sendOf(state: State, { sends: _, ...frame }: Request): Effect {
  const stream = frame.action === "loginRoom" && state.streams.get(frame.roomId);
  if (!stream || stream.epoch === undefined) return { do: "send", frame };
  // The page is in already, and goes on where it is.
  const { epoch, seq } = stream;
  return { do: "send", frame: { ...frame, history: undefined, since: { epoch, seq } } };
}

/** Starts the pause after which everything under way is sent again. */
export function pauseAfterTrouble(state: State): Effect[] {
  const sends = Math.max(0, ...[...state.requests.values()].map((request) => request.sends));
  return sends === 0 ? [] : [{ do: "start", timer: "resend", tries: sends }];
}

/** Which request a frame answers. */
export const requestOf = (state: State, ref: Ref | undefined) => state.requests.get(ref as number);

export const resolve = (state: State, request: Request, notice: LoginNotice | PublishNotice) =>
  settle(state, request, { do: "resolve", ref: request.ref, notice });

/** A login that failed changes nothing about a place that the page had before. */
export const reject = (state: State, request: Request, failure: Failure) =>
  settle(state, request, { do: "reject", ref: request.ref, failure });

export function timeOut(state: State, ref: number): Step {
  const request = state.requests.get(ref);
  if (!request) return [state, []];
  const why = state.trouble ? `: ${state.trouble.msg}` : "";
  const msg = `${request.action} of ${targetOf(request)} was not answered within requestTimeoutMs${why}`;
  return reject(state, request, { code: clientCodes.timedOut, msg, cause: state.trouble });
}

function settle(state: State, request: Request, effect: Effect): Step {
  const { ref, action } = request;
  const settled = { ...state, requests: without(state.requests, ref) };
  const room = action === "publish" ? undefined : state.rooms.get(request.roomId);
  const after = room && !isIn(room) ? forget(settled, targetOf(request)) : settled;
  return andThen([after, [{ do: "stop", timer: ref }, effect]], sendWaiting);
}

/** The page is in the room no longer. */
export const forget = (state: State, roomId: string): State => ({
  ...state,
  rooms: without(state.rooms, roomId),
  streams: without(state.streams, roomId),
});

export function isLoggingIn(state: State, roomId: string): boolean {
  for (const request of state.requests.values()) {
    if (request.action === "loginRoom" && request.roomId === roomId && request.sends > 0) return true;
  }
  return false;
}
