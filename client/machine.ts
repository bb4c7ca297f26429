import { sendAcks } from "./acks.ts";
import { clientCodes } from "./client-codes.ts";
import { askForLife, connectedNotice, greet, loseLink, openLink, roomsIn, signOfLife } from "./link.ts";
import { onFrame } from "./on-frame.ts";
import { addRequest, pauseAfterTrouble, sendAgain, timeOut } from "./requests.ts";
import { type Draft, draftOf, type Effect, type Event, initialState, type State, stop, type Timer } from "./state.ts";
import { askForGap } from "./streams.ts";

/**
 * The whole client without its surroundings: what an event means in a state, and what is to be done about it. The state
 * that is given stays as it is; what the steps change is a draft of the next one.
 */
export function step(before: State, event: Event): [State, readonly Effect[]] {
  const draft = draftOf(before);
  happen(draft, event);
  const { effects, ...after } = draft;
  return [after, effects];
}

function happen(draft: Draft, event: Event) {
  const { link } = draft;
  if (link.at === "closed") return end(draft);
  switch (event.on) {
    case "connect":
      if (link.at === "open") draft.effects.push(connectedNotice);
      return openIfIdle(draft);
    case "request":
      addRequest(draft, event.request);
      return openIfIdle(draft);
    case "opened":
      if (link.at === "opening") greet(draft, link.attempt, roomsIn(draft));
      return;
    case "lost":
      return loseLink(draft, event.msg, event.cause);
    case "frame":
      return onFrame(draft, event.frame);
    case "trouble":
      return onTrouble(draft, event.msg);
    case "elapsed":
      return onElapsed(draft, event.timer);
    case "suspicion":
      return onSuspicion(draft);
    case "close":
      sendAcks(draft, true);
      Object.assign(draft, draftOf(initialState), {
        link: { at: event.forGood ? "closed" : "idle" },
        effects: draft.effects,
      });
      return end(draft);
  }
}

const end = (draft: Draft) =>
  void draft.effects.push({ do: "end", failure: { code: clientCodes.closed, msg: "the handle was closed" } });

function openIfIdle(draft: Draft): void {
  if (draft.link.at === "idle") openLink(draft, 1);
}

function onTrouble(draft: Draft, text: string) {
  const msg = `API Gateway answered "${text}"`;
  if (draft.link.at === "greeting") return loseLink(draft, msg);
  draft.trouble = { code: "5001", msg };
  signOfLife(draft);
  pauseAfterTrouble(draft);
}

function onElapsed(draft: Draft, timer: Timer) {
  switch (timer) {
    case "reconnect":
      return reconnect(draft);
    case "deadline":
      return loseLink(draft, "the server gave no sign of life within requestTimeoutMs");
    case "silence":
      return askForLife(draft);
    case "resend":
      return sendAgain(draft);
    case "ack":
      return sendAcks(draft);
    default:
      return typeof timer === "number" ? timeOut(draft, timer) : askForGap(draft, timer.slice("gap ".length));
  }
}

function reconnect(draft: Draft): void {
  if (draft.link.at === "waiting") openLink(draft, draft.link.attempt);
}

function onSuspicion(draft: Draft): void {
  askForLife(draft);
  if (draft.link.at === "waiting") stop(draft, "reconnect");
  reconnect(draft);
}
