import type { FrameOf } from "../../protocol/frames.ts";
import type { limits } from "../../protocol/limits.ts";
import { sendAcks } from "./acks.ts";
import { clientCodes } from "./client-codes.ts";
import { DownlinkError } from "./downlink-error.ts";
import { placeIn } from "./reorder-buffer.ts";
import { isIn, waitingRoom } from "./room.ts";
import { type Draft, type Outcome, plan, type Request, send, start, startAgain, stop } from "./state.ts";

export function addRequest(draft: Draft, request: Request) {
  const { action, ref } = request;
  const frameBytes: (typeof limits)["frameBytes"] = 32_768;
  const bytes = bytesOf(JSON.stringify(request));
  draft.requests.set(ref, request);
  start(draft, "timeOut", ref);
  // API Gateway would close the connection, and again after each reconnect.
  if (bytes > frameBytes) {
    const msg = `${action} has ${bytes} bytes, allowed are ${frameBytes}: send a link instead`;
    return settle(draft, request, new DownlinkError({ code: clientCodes.tooLarge, msg }));
  }
  if (action === "leaveRoom") sendAcks(draft, undefined, "last");
  sendWaiting(draft);
}

/** As UTF-8. Mini-programs have neither `Blob` nor `TextEncoder`. */
const bytesOf = (text: string) => encodeURIComponent(text).replace(/%../g, "-").length;

/** Where the request goes. */
const targetOf = (request: Request) => request.roomId ?? (request as FrameOf<"publish">).toUser ?? "";

/**
 * Sends what waits, one request per room at a time: Lambdas run side by side, so a login and a leave sent
 * one after the other may happen the other way round, and so may two messages.
 */
export function sendWaiting(draft: Draft): void {
  if (draft.link !== "open") return;
  const busy = new Set<string>();
  for (const request of draft.requests.values()) {
    const target = targetOf(request);
    if (request.sends === 0 && !busy.has(target)) {
      if (request.action === "loginRoom" && !draft.rooms.has(target)) draft.rooms.set(target, waitingRoom);
      sendOnce(draft, request);
    }
    // Messages without a number have no order.
    if ((request as FrameOf<"publish">).qos !== 0) busy.add(target);
  }
}

/** Which request had the trouble is unknown, and all may safely be sent twice: so all are. */
export function sendAgain(draft: Draft): void {
  /** The first, and three more after trouble; the request's time limit comes first if the pauses grow long. */
  const maxSends = 4;
  for (const request of draft.requests.values()) {
    if (request.sends > 0 && request.sends < maxSends) sendOnce(draft, request);
  }
}

function sendOnce(draft: Draft, request: Request): void {
  const { sends, ...frame } = request;
  draft.requests.set(frame.ref, { ...request, sends: sends + 1 });
  const since = frame.action === "loginRoom" && placeIn(draft.streams.get(frame.roomId));
  // The page is in already, and goes on where it is.
  send(draft, since ? { ...(frame as FrameOf<"loginRoom">), history: undefined, since } : frame);
}

/** Starts the pause after which everything under way is sent again: the longer, the oftener the newest was sent. */
export function pauseAfterTrouble(draft: Draft): void {
  for (const { sends } of draft.requests.values()) if (sends > 0) startAgain(draft, sends, "resend");
}

export function timeOut(draft: Draft, ref: number): void {
  const request = draft.requests.get(ref);
  if (!request) return;
  const { trouble } = draft;
  const why = trouble ? `: ${trouble.msg}` : "";
  const msg = `${request.action} of ${targetOf(request)} was not answered within requestTimeoutMs${why}`;
  settle(draft, request, new DownlinkError({ code: clientCodes.timedOut, msg, cause: trouble }));
  const { action, roomId = "", sends } = request;
  const mayBeIn = action === "loginRoom" && sends > 0 && !draft.rooms.has(roomId) && !isLoggingIn(draft, roomId);
  // It may have taken effect all the same: a place that the page knows nothing of would only block others.
  if (mayBeIn) plan(draft, "leave", roomId);
}

/** A login that failed changes nothing about a place that the page had before. */
export function settle(draft: Draft, { ref, action, roomId = "" }: Request, outcome: Outcome): void {
  draft.requests.delete(ref);
  stop(draft, "timeOut", ref);
  // What hindered others before is no reason any more.
  if (!(outcome instanceof DownlinkError)) draft.trouble = undefined;
  const room = draft.rooms.get(roomId);
  if (action !== "publish" && room && !isIn(room)) forget(draft, roomId);
  sendWaiting(draft);
  plan(draft, "answer", ref, outcome);
}

/** The page is in the room no longer. */
export function forget({ rooms, streams }: Draft, roomId: string): void {
  rooms.delete(roomId);
  streams.delete(roomId);
}

export function isLoggingIn({ requests }: Draft, roomId: string): boolean {
  return [...requests.values()].some((request) => request.action === "loginRoom" && request.roomId === roomId);
}
