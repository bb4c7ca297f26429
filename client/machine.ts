import { sendAcks } from "./acks.ts";
import { clientCodes } from "./client-codes.ts";
import type { Failure } from "./downlink-error.ts";
import { askForLife, connectedNotice, greet, loseLink, openLink, roomsIn, signOfLife } from "./link.ts";
import { onFrame } from "./on-frame.ts";
import { addRequest, pauseAfterTrouble, sendAgain, timeOut } from "./requests.ts";
import { andThen, type Event, initialState, type State, type Step, type Timer } from "./state.ts";
import { askForGap } from "./streams.ts";

/** The whole client without its surroundings: what an event means in a state, and what is to be done about it. */
export function step(state: State, event: Event): Step {
  const { link } = state;
  if (link.at === "closed") return end(state);
  switch (event.on) {
    case "connect":
      return link.at === "open" ? [state, [connectedNotice]] : openIfIdle(state);
    case "request":
      return andThen(addRequest(state, event.request), openIfIdle);
    case "opened":
      return link.at === "opening" ? greet(state, link.attempt, roomsIn(state)) : [state, []];
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
      return andThen(sendAcks(state, true), () =>
        end({ ...initialState, link: { at: event.forGood ? "closed" : "idle" } }),
      );
  }
}

const end = (state: State): Step => [
  state,
  [{ do: "end", failure: { code: clientCodes.closed, msg: "the handle was closed" } }],
];

const openIfIdle = (state: State): Step => (state.link.at === "idle" ? openLink(state, 1) : [state, []]);

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
    case "ack":
      return sendAcks(state);
    default:
      return typeof timer === "number" ? timeOut(state, timer) : askForGap(state, timer.slice("gap ".length));
  }
}

function onSuspicion(state: State): Step {
  if (state.link.at !== "waiting") return askForLife(state);
  const [next, effects] = openLink(state, state.link.attempt);
  return [next, [{ do: "stop", timer: "reconnect" }, ...effects]];
}
