import type { LoginPolicy } from "../protocol/ids.ts";
import { addressOf } from "./address-bar.ts";
import { showAnswer } from "./answer.ts";
import { element, fill, stamp, within } from "./element.ts";
import type { Session } from "./session.ts";
import type { ConsoleStore } from "./state.ts";

const hints: Record<LoginPolicy, string> = {
  loginWhenFirst: "is refused while anyone is in.",
  loginWhenLast: "gets in, everyone else has to leave.",
  loginWhenever: "gets in, nobody has to leave.",
};

export function roomPart(store: ConsoleStore, session: Session, areSettingsReady: () => boolean): void {
  const form = element("room-form", HTMLFormElement);
  const button = within(form, "button", HTMLButtonElement);
  const hint = element("policy-hint", HTMLElement);
  const anotherTab = element("another-tab", HTMLAnchorElement);
  const answer = element("login-answer", HTMLElement);

  form.addEventListener("input", () => {
    const values = new FormData(form);
    const login = { room: String(values.get("room")).trim(), policy: values.get("policy") as LoginPolicy };
    const { login: before, push } = store.state;
    const follows = push.roomId === before.room;
    store.update({ login, push: follows ? { ...push, roomId: login.room } : push });
    history.replaceState(null, "", addressOf(login));
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (areSettingsReady()) session.login();
  });
  store.render(({ login, loginAnswer }) => {
    if (!form.contains(document.activeElement)) fill(form, { ...login });
    showPolicy(hint, login.policy);
    anotherTab.href = addressOf(login);
    document.title = `${login.room} · Downlink`;
    button.disabled = loginAnswer.at === "asked";
    showAnswer(answer, loginAnswer);
  });
  roomList(store, session);
}

function showPolicy(hint: HTMLElement, policy: LoginPolicy): void {
  const name = within(hint, "code", HTMLElement);
  // What is written again is read out again.
  if (name.textContent === policy) return;
  name.textContent = policy;
  within(hint, "span", HTMLElement).textContent = hints[policy];
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
  const row = stamp("room-row");
  within(row, "code", HTMLElement).textContent = roomId;
  const leave = within(row, "button", HTMLButtonElement);
  leave.setAttribute("aria-label", `Leave room ${roomId}`);
  leave.addEventListener("click", () => session.leave(roomId));
  return row;
}
