import { sendAcks } from "./acks.ts";
import { clientCodes } from "./client-codes.ts";
import { askForGap, onFetched } from "./delivery.ts";
import { DownlinkError } from "./downlink-error.ts";
import { onFrame } from "./frames.ts";
import { askForLife, loseLink, openLink, sayHello, signOfLife, tellConnected } from "./link.ts";
import { addRequest, pauseAfterTrouble, sendAgain, timeOut } from "./requests.ts";
import {
  type Draft,
  draftOf,
  type Effect,
  type Event,
  type Handlers,
  initialState,
  plan,
  type State,
  stop,
} from "./state.ts";

/**
 * The whole client without its surroundings: what an event means in a state, and what is to be done about it. The state
 * that is given stays as it is; what the steps change is a draft of the next one.
 */
export function step(before: State, [name, ...args]: Event): State & { readonly effects: readonly Effect[] } {
  const draft = draftOf(before);
  if (draft.link === "closed") end(draft);
  else (on[name] as (draft: Draft, ...args: unknown[]) => void)(draft, ...args);
  return draft;
}

const on: Handlers = {
  connect(draft) {
    if (draft.link === "open") tellConnected(draft);
    openIfIdle(draft);
  },
  request(draft, request) {
    addRequest(draft, request);
    openIfIdle(draft);
  },
  opened(draft) {
    draft.link = "greeting";
    sayHello(draft);
  },
  lost: loseLink,
  frame: onFrame,
  trouble: onTrouble,
  fetched: onFetched,
  reconnect,
  deadline: (draft) => loseLink(draft, "no sign of life within requestTimeoutMs"),
  silence: askForLife,
  resend: sendAgain,
  ack: sendAcks,
  gap: askForGap,
  timeOut,
  suspicion(draft) {
    askForLife(draft);
    reconnect(draft);
  },
  close(draft, forGood) {
    sendAcks(draft, undefined, "last");
    const { effects } = draft;
    Object.assign(draft, draftOf(initialState), { link: forGood ? "closed" : "idle", effects });
    end(draft);
  },
};

function end(draft: Draft): void {
  plan(draft, "drop");
  plan(draft, "end", new DownlinkError({ code: clientCodes.closed, msg: "the handle was closed" }));
}

function openIfIdle(draft: Draft): void {
  if (draft.link === "idle") openLink(draft);
}

function onTrouble(draft: Draft, text: string) {
  const msg = `API Gateway answered "${text}"`;
  if (draft.link === "greeting") return loseLink(draft, msg);
  draft.trouble = new DownlinkError({ code: "5001", msg });
  signOfLife(draft);
  pauseAfterTrouble(draft);
}

function reconnect(draft: Draft): void {
  if (draft.link !== "waiting") return;
  // It may be tried before its time.
  stop(draft, "reconnect");
  openLink(draft);
}
