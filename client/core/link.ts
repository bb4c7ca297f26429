import type { frameTexts } from "../../protocol/codes.ts";
import { isReservedRoom } from "../../protocol/ids.ts";
import type { limits } from "../../protocol/limits.ts";
import { sendAcks } from "./acks.ts";
import { clientCodes } from "./client-codes.ts";
import { DownlinkError } from "./downlink-error.ts";
import { positionOf } from "./reorder-buffer.ts";
import { sendQueued } from "./requests.ts";
import { isMember } from "./room.ts";
import { type Draft, emit, send, startBackoff, startTimer, stopTimer } from "./state.ts";

/** Starts an attempt to connect. */
export function openLink(draft: Draft): void {
  draft.link = "opening";
  emit(draft, "open");
  startTimer(draft, "deadline");
}

/** Closes a connection that is lost or unusable, and schedules the next attempt. */
export function loseLink(draft: Draft, msg: string, cause?: unknown): void {
  if (draft.link === "backoff" || draft.link === "idle") return;
  const failure = new DownlinkError({ code: clientCodes.connectFailed, msg, cause });
  if (draft.link !== "open") {
    draft.failures += 1;
    emit(draft, "attempted", failure);
  }
  for (const [ref, request] of draft.requests) draft.requests.set(ref, { ...request, sends: 0 });
  draft.link = "backoff";
  draft.lastError = failure;
  emit(draft, "drop");
  startBackoff(draft, draft.failures, "reconnect");
}

/**
 * Sends `hello` with all rooms of the page, in several frames if the server's limit requires it.
 *
 * `loginRoom` would be wrong here: it carries no generation, so a page that was evicted meanwhile would evict its
 * successor.
 */
export function sendHello(draft: Draft): void {
  const roomsPerHello: (typeof limits)["roomsPerHello"] = 50;
  const { session, rooms, buffers } = draft;
  // Every frame contains @all and @user: a hello without them restarts both at their latest message.
  const own = [...buffers.keys()].filter(isReservedRoom);
  const others = [...rooms.keys()].filter((roomId) => isMember(rooms.get(roomId)));
  draft.hellos = 0;
  do {
    const restored = [...own, ...others.splice(0, roomsPerHello - own.length)].map((roomId) => {
      const { type, login } = rooms.get(roomId) ?? {};
      return { roomId, type, generation: login, since: positionOf(buffers.get(roomId)) };
    });
    send(draft, { action: "hello", session, rooms: restored, probe: true, acks: true, ref: draft.hellos });
    draft.hellos += 1;
  } while (others.length > 0);
}

/** Reports a successful connection to the callers of `connect`. */
export function reportConnected(draft: Draft): void {
  const msg: (typeof frameTexts)["connected"] = "connect success";
  emit(draft, "attempted", { code: "2001", msg });
}

/** All memberships are restored: sends the acks and requests that waited for that. */
export function onLinkOpen(draft: Draft): void {
  draft.link = "open";
  draft.failures = 0;
  draft.lastError = undefined;
  onActivity(draft);
  reportConnected(draft);
  // Acks first: after a queued leaveRoom the server would refuse them.
  sendAcks(draft);
  sendQueued(draft);
}

/** Sends a heartbeat, unless one is pending. */
export function sendHeartbeat(draft: Draft): void {
  if (draft.link !== "open" || draft.isProbing) return;
  draft.isProbing = true;
  send(draft, { action: "heartbeat" });
  startTimer(draft, "deadline");
}

/** Something arrived, which proves that the connection works. */
export function onActivity(draft: Draft): void {
  if (draft.link !== "open") return;
  draft.isProbing = false;
  stopTimer(draft, "deadline");
  startTimer(draft, "idle");
}
