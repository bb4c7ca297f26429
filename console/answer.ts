import type { Answer } from "./state.ts";

/** Draws how something went that was asked: its code, and what it says. */
export function showAnswer(place: HTMLElement, answer: Answer): void {
  place.hidden = answer.at === "none";
  place.dataset.at = answer.at;
  if (answer.at === "none") return;
  const parts = answer.at === "asked" ? ["", "Waiting for the answer"] : [answer.code, answer.msg];
  const [code = "", msg = ""] = parts;
  if (place.textContent === code + msg) return;
  const number = document.createElement("code");
  number.className = "answer-code";
  number.textContent = code;
  const text = document.createElement("span");
  text.textContent = msg;
  place.replaceChildren(...(code ? [number] : []), text);
}
