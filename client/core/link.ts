import type { frameTexts } from "../../protocol/codes.ts";
import { isReservedRoom } from "../../protocol/ids.ts";
import type { limits } from "../../protocol/limits.ts";
import { sendAcks } from "./acks.ts";
import { clientCodes } from "./client-codes.ts";
import { DownlinkError } from "./downlink-error.ts";
import { placeIn } from "./reorder-buffer.ts";
import { sendWaiting } from "./requests.ts";
import { isIn } from "./room.ts";
import { type Draft, plan, send, start, startAgain, stop } from "./state.ts";

/** Starts an attempt to connect. */
export function openLink(draft: Draft): void {
  draft.link = "opening";
  plan(draft, "open");
  start(draft, "deadline");
}

/** The connection is gone or useless: give it up and try again later. */
export function loseLink(draft: Draft, msg: string, cause?: unknown): void {
  if (draft.link === "waiting" || draft.link === "idle") return;
  const failure = new DownlinkError({ code: clientCodes.connectFailed, msg, cause });
  if (draft.link !== "open") {
    draft.failures += 1;
    plan(draft, "attempt", failure);
  }
  for (const [ref, request] of draft.requests) draft.requests.set(ref, { ...request, sends: 0 });
  draft.link = "waiting";
  draft.trouble = failure;
  plan(draft, "drop");
  startAgain(draft, draft.failures, "reconnect");
}

/**
 * Says `hello` and asks for all rooms back that the page is in: in several frames if they are more than the server
 * allows, not by `loginRoom`. That one knows no generation, so a page that was evicted meanwhile would evict its
 * successor.
 */
export function sayHello(draft: Draft): void {
  const roomsPerHello: (typeof limits)["roomsPerHello"] = 50;
  const { session, rooms, streams } = draft;
  // The two that everybody is in: the server begins them anew in a hello that does not name them.
  const own = [...streams.keys()].filter(isReservedRoom);
  const others = [...rooms.keys()].filter((roomId) => isIn(rooms.get(roomId)));
  draft.hellos = 0;
  do {
    const places = [...own, ...others.splice(0, roomsPerHello - own.length)].map((roomId) => {
      const { type, login } = rooms.get(roomId) ?? {};
      return { roomId, type, generation: login, since: placeIn(streams.get(roomId)) };
    });
    send(draft, { action: "hello", session, rooms: places, probe: true, acks: true, ref: draft.hellos });
    draft.hellos += 1;
  } while (others.length > 0);
}

export function tellConnected(draft: Draft): void {
  const msg: (typeof frameTexts)["connected"] = "connect success";
  plan(draft, "attempt", { code: "2001", msg });
}

/** Every place is restored: acks and the page's requests may go. */
export function linkIsOpen(draft: Draft): void {
  draft.link = "open";
  draft.failures = 0;
  draft.trouble = undefined;
  signOfLife(draft);
  tellConnected(draft);
  sendAcks(draft);
  sendWaiting(draft);
}

/** Asks for a sign of life, unless that has been done. */
export function askForLife(draft: Draft): void {
  if (draft.link !== "open" || draft.isAsked) return;
  draft.isAsked = true;
  send(draft, { action: "heartbeat" });
  start(draft, "deadline");
}

/** Whatever arrives proves that the connection lives. */
export function signOfLife(draft: Draft): void {
  if (draft.link !== "open") return;
  draft.isAsked = false;
  stop(draft, "deadline");
  start(draft, "silence");
}
