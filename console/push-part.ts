import { showAnswer } from "./answer.ts";
import { copyOnClick } from "./copy.ts";
import { element, fill, within } from "./element.ts";
import { curlLine, jsonProblem, sendPush } from "./push.ts";
import type { ConsoleStore, PushForm } from "./state.ts";

const pushUrl = new URL("/api/push", location.href).href;

export function pushPart(store: ConsoleStore): void {
  const form = element("push-form", HTMLFormElement);
  const button = within(form, "button", HTMLButtonElement);
  const room = element("push-room", HTMLElement);
  const user = element("push-user", HTMLElement);
  const data = element("push-data", HTMLTextAreaElement);
  const problem = element("data-problem", HTMLElement);
  const answer = element("push-answer", HTMLElement);
  const curl = element("curl", HTMLPreElement);
  const curlBlock = element("curl-block", HTMLElement);
  const copyCurl = element("copy-curl", HTMLButtonElement);

  form.addEventListener("input", () => {
    const push = Object.fromEntries(new FormData(form)) as unknown as PushForm;
    // The answer was to what the form said before.
    store.update({ push, pushAnswer: { at: "none" } });
  });
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const { push, settings, pushAnswer } = store.state;
    if (pushAnswer.at === "asked") return;
    if (jsonProblem(push.dataText) !== undefined) return data.focus();
    store.update({ pushAnswer: { at: "asked" } });
    store.update({ pushAnswer: await sendPush(pushUrl, settings.apiKey, push) });
  });
  data.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) form.requestSubmit();
  });
  copyOnClick(copyCurl, curl);

  store.render(({ push, settings, pushAnswer }) => {
    if (!form.contains(document.activeElement)) fill(form, { ...push });
    room.hidden = push.to !== "room";
    user.hidden = push.to !== "user";
    const why = jsonProblem(push.dataText);
    data.setAttribute("aria-invalid", String(why !== undefined));
    problem.hidden = why === undefined;
    if (problem.textContent !== (why ?? "")) problem.textContent = why ?? "";
    button.disabled = pushAnswer.at === "asked";
    showAnswer(answer, pushAnswer);
    if (why === undefined) curl.textContent = curlLine(pushUrl, settings.apiKey, push);
    curlBlock.dataset.isOutdated = String(why !== undefined);
    copyCurl.disabled = why !== undefined;
  });
}
