import { sendAcks } from "./acks.ts";
import { clientCodes } from "./client-codes.ts";
import { onFetched, requestGap } from "./delivery.ts";
import { DownlinkError } from "./downlink-error.ts";
import type { Effect, Event, EventHandlers } from "./events.ts";
import { onFrame } from "./frames.ts";
import { loseLink, onActivity, openLink, reportConnected, sendHeartbeat, sendHello } from "./link.ts";
import { addRequest, onTimeout, resendAll, scheduleResend } from "./requests.ts";
import { type Draft, draftOf, emit, initialState, type State, stopTimer } from "./state.ts";

/**
 * The logic of the client, without I/O or time: computes the next state and the effects of an event.
 *
 * Pure: `state` does not change. The handlers change a draft of the next state.
 */
export function reduce(state: State, [name, ...args]: Event): State & { readonly effects: readonly Effect[] } {
  const draft = draftOf(state);
  if (draft.link === "closed") end(draft);
  else (on[name] as (draft: Draft, ...args: unknown[]) => void)(draft, ...args);
  return draft;
}

const on: EventHandlers<Draft> = {
  connect(draft) {
    if (draft.link === "open") reportConnected(draft);
    openIfIdle(draft);
  },
  request(draft, request) {
    addRequest(draft, request);
    openIfIdle(draft);
  },
  opened(draft) {
    draft.link = "restoring";
    sendHello(draft);
  },
  lost: loseLink,
  frame: onFrame,
  gatewayError: onGatewayError,
  fetched: onFetched,
  reconnect,
  deadline: (draft) => loseLink(draft, "nothing arrived within requestTimeoutMs"),
  idle: sendHeartbeat,
  resend: resendAll,
  ack: sendAcks,
  gap: requestGap,
  timeout: onTimeout,
  wake(draft) {
    sendHeartbeat(draft);
    reconnect(draft);
  },
  close(draft, isPermanent) {
    sendAcks(draft, undefined, "last");
    const { effects } = draft;
    Object.assign(draft, draftOf(initialState), { link: isPermanent ? "closed" : "idle", effects });
    end(draft);
  },
};

function end(draft: Draft): void {
  emit(draft, "drop");
  emit(draft, "end", new DownlinkError({ code: clientCodes.closed, msg: "the handle was closed" }));
}

function openIfIdle(draft: Draft): void {
  if (draft.link === "idle") openLink(draft);
}

function onGatewayError(draft: Draft, text: string) {
  const msg = `API Gateway reported "${text}"`;
  if (draft.link === "restoring") return loseLink(draft, msg);
  draft.lastError = new DownlinkError({ code: "5001", msg });
  onActivity(draft);
  scheduleResend(draft);
}

/** Ends the backoff, early if its timer still runs. */
function reconnect(draft: Draft): void {
  if (draft.link !== "backoff") return;
  stopTimer(draft, "reconnect");
  openLink(draft);
}
