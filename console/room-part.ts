import { type LoginPolicy, loginPolicies } from "../protocol/ids.ts";
import { addressOf } from "./address-bar.ts";
import { showCallStatus } from "./call-status.ts";
import { cloneTemplate, element, fill, within } from "./element.ts";
import type { Session } from "./session.ts";
import type { ConsoleStore } from "./state.ts";

const policies: Record<LoginPolicy, { label: string; hint: string }> = {
  loginWhenFirst: { label: "First stays", hint: "is refused while another page is in the room." },
  loginWhenLast: { label: "Last stays", hint: "succeeds, and evicts all other pages." },
  loginWhenever: { label: "All stay", hint: "succeeds beside the other pages." },
};

/** The login form, and the list of joined rooms. */
export function roomPart(store: ConsoleStore, session: Session, areSettingsReady: () => boolean): void {
  const form = element("room-form", HTMLFormElement);
  const button = within(form, "button", HTMLButtonElement);
  const hint = element("policy-hint", HTMLElement);
  const anotherTab = element("another-tab", HTMLAnchorElement);
  const status = element("login-status", HTMLElement);

  element("policies", HTMLElement).replaceChildren(...loginPolicies.map(policyOption));
  form.addEventListener("input", () => {
    const values = new FormData(form);
    const login = { room: String(values.get("room")).trim(), policy: values.get("policy") as LoginPolicy };
    const { login: before, push } = store.state;
    // The push form has the same room until the user edits it there.
    const isSameRoom = push.roomId === before.room;
    store.update({ login, push: isSameRoom ? { ...push, roomId: login.room } : push });
    history.replaceState(null, "", addressOf(login));
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (areSettingsReady()) session.login();
  });
  store.render(({ login, loginStatus }) => {
    if (!form.contains(document.activeElement)) fill(form, { ...login });
    showPolicy(hint, login.policy);
    anotherTab.href = addressOf(login);
    document.title = `${login.room} · Downlink`;
    button.disabled = loginStatus.kind === "pending";
    showCallStatus(status, loginStatus);
  });
  roomList(store, session);
}

function policyOption(policy: LoginPolicy): HTMLLabelElement {
  const option = cloneTemplate("policy-option", HTMLLabelElement);
  within(option, "input", HTMLInputElement).value = policy;
  within(option, "span", HTMLElement).textContent = policies[policy].label;
  return option;
}

function showPolicy(hint: HTMLElement, policy: LoginPolicy): void {
  const name = within(hint, "code", HTMLElement);
  // Setting the same text again would make screen readers announce it again.
  if (name.textContent === policy) return;
  name.textContent = policy;
  within(hint, "span", HTMLElement).textContent = policies[policy].hint;
}

function roomList(store: ConsoleStore, session: Session): void {
  const list = element("rooms", HTMLUListElement);
  let shown: readonly string[] = [];

  store.render(({ rooms }) => {
    if (rooms === shown) return;
    shown = rooms;
    list.hidden = rooms.length === 0;
    list.replaceChildren(...rooms.map((roomId) => roomRow(roomId, session)));
  });
}

function roomRow(roomId: string, session: Session): HTMLLIElement {
  const row = cloneTemplate("room-row", HTMLLIElement);
  within(row, "code", HTMLElement).textContent = roomId;
  const leave = within(row, "button", HTMLButtonElement);
  leave.setAttribute("aria-label", `Leave room ${roomId}`);
  leave.addEventListener("click", () => session.leave(roomId));
  return row;
}
