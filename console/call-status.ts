import type { CallStatus } from "./state.ts";

/** Shows the status of a call to the server: its code and text. */
export function showCallStatus(target: HTMLElement, status: CallStatus): void {
  target.hidden = status.kind === "none";
  target.dataset.kind = status.kind;
  if (status.kind === "none") return;
  const { code, msg } = status.kind === "pending" ? { code: "", msg: "Waiting for the response" } : status;
  // Setting the same text again would make screen readers announce it again.
  if (target.textContent === code + msg) return;
  const number = document.createElement("code");
  number.className = "call-code";
  number.textContent = code;
  const text = document.createElement("span");
  text.textContent = msg;
  target.replaceChildren(...(code ? [number] : []), text);
}
