import type { frameTexts } from "../protocol/codes.ts";
import { everyone, ownRoom } from "../protocol/ids.ts";
import type { limits } from "../protocol/limits.ts";
import { sendAcks } from "./acks.ts";
import { clientCodes } from "./client-codes.ts";
import { DownlinkError } from "./downlink-error.ts";
import { sendWaiting } from "./requests.ts";
import { isIn } from "./room.ts";
import { type Draft, plan, send, start, startAgain, stop } from "./state.ts";

/** Starts an attempt to connect. */
export function openLink(draft: Draft, attempt: number): void {
  draft.link = { at: "opening", attempt };
  plan(draft, "open");
  start(draft, "deadline");
}

/** The connection is gone or useless: give it up and try again later. */
export function loseLink(draft: Draft, msg: string, cause?: unknown): void {
  const { link } = draft;
  if (link.at === "waiting") return;
  const failure = new DownlinkError({ code: clientCodes.connectFailed, msg, cause });
  const tries = "attempt" in link ? link.attempt : 0;
  for (const [ref, request] of draft.requests) draft.requests.set(ref, { ...request, sends: 0 });
  draft.link = { at: "waiting", attempt: tries + 1 };
  draft.trouble = failure;
  plan(draft, "drop");
  startAgain(draft, tries, "reconnect");
  if (link.at !== "open") plan(draft, "attempt", failure);
}

const roomsPerHello: (typeof limits)["roomsPerHello"] = 50;

/**
 * Says `hello` and asks for all rooms back that the page is in: in several frames if they are more than the server
 * allows, not by `loginRoom`. That one knows no generation, so a page that was evicted meanwhile would evict its
 * successor.
 *
 * @returns how many frames it took
 */
export function sayHello(draft: Draft): number {
  const { session, rooms, streams } = draft;
  const own = [everyone, ownRoom].filter((roomId) => streams.has(roomId));
  const others = [...rooms.keys()].filter((roomId) => isIn(rooms.get(roomId)));
  let ref = 0;
  do {
    const places = [...own, ...others.splice(0, roomsPerHello - own.length)].map((roomId) => {
      const { type, login } = rooms.get(roomId) ?? {};
      const { epoch, seq = 0 } = streams.get(roomId) ?? {};
      return { roomId, type, generation: login, since: epoch ? { epoch, seq } : undefined };
    });
    send(draft, { action: "hello", session, rooms: places, probe: true, acks: true, ref });
    ref += 1;
  } while (others.length > 0);
  return ref;
}

const msg: (typeof frameTexts)["connected"] = "connect success";
export const tellConnected = (draft: Draft) => plan(draft, "attempt", { code: "2001", msg });

/** Every place is restored: acks and the page's requests may go. */
export function linkIsOpen(draft: Draft): void {
  draft.link = { at: "open", isAsked: false };
  draft.trouble = undefined;
  signOfLife(draft);
  tellConnected(draft);
  sendAcks(draft);
  sendWaiting(draft);
}

/** Asks for a sign of life, unless that has been done. */
export function askForLife(draft: Draft): void {
  if (draft.link.at !== "open" || draft.link.isAsked) return;
  draft.link = { at: "open", isAsked: true };
  send(draft, { action: "heartbeat" });
  start(draft, "deadline");
}

/** Whatever arrives proves that the connection lives. */
export function signOfLife(draft: Draft): void {
  if (draft.link.at !== "open") return;
  draft.link = { at: "open", isAsked: false };
  stop(draft, "deadline");
  start(draft, "silence");
}
