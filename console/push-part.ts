import { showCallStatus } from "./call-status.ts";
import { copyOnClick } from "./copy.ts";
import { element, fill, within } from "./element.ts";
import { curlCommand, jsonProblem, sendPush } from "./push.ts";
import type { ConsoleStore, PushForm } from "./state.ts";

const pushUrl = new URL("/api/push", location.href).href;

/** The form that pushes a message, and the same push as a `curl` command. */
export function pushPart(store: ConsoleStore): void {
  const form = element("push-form", HTMLFormElement);
  const button = within(form, "button", HTMLButtonElement);
  const room = element("push-room", HTMLElement);
  const user = element("push-user", HTMLElement);
  const data = element("push-data", HTMLTextAreaElement);
  const problem = element("data-problem", HTMLElement);
  const status = element("push-status", HTMLElement);
  const curl = element("curl", HTMLPreElement);
  const curlBlock = element("curl-block", HTMLElement);
  const copyCurl = element("copy-curl", HTMLButtonElement);

  form.addEventListener("input", () => {
    const push = Object.fromEntries(new FormData(form)) as unknown as PushForm;
    // The status belongs to the previous values.
    store.update({ push, pushStatus: { kind: "none" } });
  });
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const { push, settings, pushStatus } = store.state;
    if (pushStatus.kind === "pending") return;
    if (jsonProblem(push.dataText) !== undefined) return data.focus();
    store.update({ pushStatus: { kind: "pending" } });
    store.update({ pushStatus: await sendPush(pushUrl, settings.apiKey, push) });
  });
  data.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) form.requestSubmit();
  });
  copyOnClick(copyCurl, curl);

  store.render(({ push, settings, pushStatus }) => {
    if (!form.contains(document.activeElement)) fill(form, { ...push });
    room.hidden = push.to !== "room";
    user.hidden = push.to !== "user";
    const reason = jsonProblem(push.dataText);
    data.setAttribute("aria-invalid", String(reason !== undefined));
    problem.hidden = reason === undefined;
    if (problem.textContent !== (reason ?? "")) problem.textContent = reason ?? "";
    button.disabled = pushStatus.kind === "pending";
    showCallStatus(status, pushStatus);
    if (reason === undefined) curl.textContent = curlCommand(pushUrl, settings.apiKey, push);
    curlBlock.dataset.isOutdated = String(reason !== undefined);
    copyCurl.disabled = reason !== undefined;
  });
}
