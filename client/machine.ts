import { frameTexts } from "../protocol/codes.ts";
import { clientCodes } from "./client-codes.ts";
import type { Failure } from "./downlink-error.ts";
import { askForLife, greet, loseLink, openLink, signOfLife } from "./link.ts";
import { onFrame } from "./on-frame.ts";
import { addRequest, pauseAfterTrouble, sendAgain, timeOut } from "./requests.ts";
import { andThen, type Event, initialState, type Request, type State, type Step, type Timer } from "./state.ts";

const closed: Failure = { code: clientCodes.closed, msg: "the handle was closed" };

/** The whole client without its surroundings: what an event means in a state, and what is to be done about it. */
export function step(state: State, event: Event): Step {
  const { link } = state;
  switch (event.on) {
    case "connect":
      return onConnect(state);
    case "request":
      return onRequest(state, event.request);
    case "opened":
      return link.at === "opening" ? greet(state, link.attempt) : [state, []];
    case "lost":
      return loseLink(state, event.msg, event.cause);
    case "frame":
      return onFrame(state, event.frame);
    case "trouble":
      return onTrouble(state, event.msg);
    case "elapsed":
      return onElapsed(state, event.timer);
    case "suspicion":
      return onSuspicion(state);
    case "close":
      if (link.at === "closed") return [state, []];
      return [{ ...initialState, link: { at: event.forGood ? "closed" : "idle" } }, [{ do: "end", failure: closed }]];
  }
}

function onConnect(state: State): Step {
  if (state.link.at === "closed") return [state, [{ do: "end", failure: closed }]];
  if (state.link.at === "idle") return openLink(state, 1);
  if (state.link.at !== "open") return [state, []];
  return [state, [{ do: "connected", notice: { code: "2001", msg: frameTexts.connected } }]];
}

function onRequest(state: State, request: Request): Step {
  if (state.link.at === "closed") return [state, [{ do: "reject", ref: request.ref, failure: closed }]];
  const asked = addRequest(state, request);
  return state.link.at === "idle" ? andThen(asked, (current) => openLink(current, 1)) : asked;
}

function onTrouble(state: State, msg: string): Step {
  const text = `API Gateway answered "${msg}"`;
  if (state.link.at === "greeting") return loseLink(state, text);
  const trouble: Failure = { code: "5001", msg: text };
  return andThen(signOfLife({ ...state, trouble }), (current) => [current, pauseAfterTrouble(current)]);
}

function onElapsed(state: State, timer: Timer): Step {
  switch (timer) {
    case "reconnect":
      return state.link.at === "waiting" ? openLink(state, state.link.attempt) : [state, []];
    case "deadline":
      return loseLink(state, "the server gave no sign of life within requestTimeoutMs");
    case "silence":
      return askForLife(state);
    case "resend":
      return sendAgain(state);
    default:
      return timeOut(state, timer);
  }
}

function onSuspicion(state: State): Step {
  if (state.link.at !== "waiting") return askForLife(state);
  const [next, effects] = openLink(state, state.link.attempt);
  return [next, [{ do: "stop", timer: "reconnect" }, ...effects]];
}
