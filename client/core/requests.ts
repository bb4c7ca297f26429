import type { FrameOf } from "../../protocol/frames.ts";
import type { limits } from "../../protocol/limits.ts";
import { sendAcks } from "./acks.ts";
import { clientCodes } from "./client-codes.ts";
import { DownlinkError } from "./downlink-error.ts";
import type { Outcome, Request } from "./events.ts";
import { positionOf } from "./reorder-buffer.ts";
import { isMember, newRoom } from "./room.ts";
import { type Draft, emit, send, startBackoff, startTimer, stopTimer } from "./state.ts";

/** Queues a request and sends it as soon as possible. Fails with 3005 if it is larger than a frame. */
export function addRequest(draft: Draft, request: Request) {
  const { action, ref } = request;
  const frameBytes: (typeof limits)["frameBytes"] = 32_768;
  const bytes = bytesOf(JSON.stringify(request));
  draft.requests.set(ref, request);
  startTimer(draft, "timeout", ref);
  // API Gateway would close the connection, and again after each reconnect.
  if (bytes > frameBytes) {
    const msg = `${action} has ${bytes} bytes, allowed are ${frameBytes}: send a link instead`;
    return settle(draft, request, new DownlinkError({ code: clientCodes.tooLarge, msg }));
  }
  // After the leaveRoom the server would refuse acks of the room.
  if (action === "leaveRoom") sendAcks(draft, undefined, "last");
  sendQueued(draft);
}

/** Length as UTF-8. Mini-programs have neither `Blob` nor `TextEncoder`. */
const bytesOf = (text: string) => encodeURIComponent(text).replace(/%../g, "-").length;

/** Room or user that a request is about. */
const targetOf = (request: Request) => request.roomId ?? (request as FrameOf<"publish">).toUser ?? "";

/**
 * Sends queued requests, one per target at a time. Lambdas run concurrently: a login and a leave that are sent one
 * after the other may take effect in the other order, and so may two messages.
 */
export function sendQueued(draft: Draft): void {
  if (draft.link !== "open") return;
  const busy = new Set<string>();
  for (const request of draft.requests.values()) {
    const target = targetOf(request);
    if (request.sends === 0 && !busy.has(target)) {
      if (request.action === "loginRoom" && !draft.rooms.has(target)) draft.rooms.set(target, newRoom);
      sendOnce(draft, request);
    }
    // Messages at qos 0 have no order.
    if ((request as FrameOf<"publish">).qos !== 0) busy.add(target);
  }
}

/** Sends all pending requests again. The gateway's error names no request, and each may safely arrive twice. */
export function resendAll(draft: Draft): void {
  /** The first attempt and three more. With a long backoff the request's time limit ends earlier. */
  const maxSends = 4;
  for (const request of draft.requests.values()) {
    if (request.sends > 0 && request.sends < maxSends) sendOnce(draft, request);
  }
}

function sendOnce(draft: Draft, request: Request): void {
  const { sends, ...frame } = request;
  draft.requests.set(frame.ref, { ...request, sends: sends + 1 });
  const since = frame.action === "loginRoom" && positionOf(draft.buffers.get(frame.roomId));
  // A member continues at its position, whatever the catch-up options say.
  send(draft, since ? { ...(frame as FrameOf<"loginRoom">), history: undefined, since } : frame);
}

/** Starts the backoff before `resendAll`. It depends on how often the newest request was sent. */
export function scheduleResend(draft: Draft): void {
  for (const { sends } of draft.requests.values()) if (sends > 0) startBackoff(draft, sends, "resend");
}

export function onTimeout(draft: Draft, ref: number): void {
  const request = draft.requests.get(ref);
  if (!request) return;
  const { lastError } = draft;
  const why = lastError ? `: ${lastError.msg}` : "";
  const msg = `${request.action} of ${targetOf(request)} got no response within requestTimeoutMs${why}`;
  settle(draft, request, new DownlinkError({ code: clientCodes.timedOut, msg, cause: lastError }));
  const { action, roomId = "", sends } = request;
  const mayBeIn = action === "loginRoom" && sends > 0 && !draft.rooms.has(roomId) && !isLoggingIn(draft, roomId);
  // The login may have taken effect. A membership that the page does not know of would only block others.
  if (mayBeIn) emit(draft, "leave", roomId);
}

/** Ends a request. A login that failed does not change a membership that the page had before. */
export function settle(draft: Draft, { ref, action, roomId = "" }: Request, outcome: Outcome): void {
  draft.requests.delete(ref);
  stopTimer(draft, "timeout", ref);
  // Later timeouts have another reason.
  if (!(outcome instanceof DownlinkError)) draft.lastError = undefined;
  const room = draft.rooms.get(roomId);
  if (action !== "publish" && room && !isMember(room)) forgetRoom(draft, roomId);
  sendQueued(draft);
  emit(draft, "settle", ref, outcome);
}

/** Removes a room of which the page is no longer a member. */
export function forgetRoom({ rooms, buffers }: Draft, roomId: string): void {
  rooms.delete(roomId);
  buffers.delete(roomId);
}

export function isLoggingIn({ requests }: Draft, roomId: string): boolean {
  return [...requests.values()].some((request) => request.action === "loginRoom" && request.roomId === roomId);
}
