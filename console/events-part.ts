import { cloneTemplate, element, within } from "./element.ts";
import type { Session } from "./session.ts";
import type { ConsoleStore } from "./state.ts";

/** The event names that the page listens to, and the form that adds one. */
export function eventsPart(store: ConsoleStore, session: Session): void {
  const form = element("event-form", HTMLFormElement);
  const input = within(form, "input", HTMLInputElement);
  const list = element("event-names", HTMLUListElement);
  let shown: readonly string[] = [];

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const eventName = input.value.trim();
    if (eventName !== "") session.listen(eventName);
    form.reset();
  });
  const chip = (eventName: string) => {
    const item = cloneTemplate("event-chip", HTMLLIElement);
    within(item, "code", HTMLElement).textContent = eventName;
    const remove = within(item, "button", HTMLButtonElement);
    remove.setAttribute("aria-label", `Stop listening to ${eventName}`);
    remove.addEventListener("click", () => {
      session.stopListening(eventName);
      // The focused button has been removed.
      input.focus();
    });
    return item;
  };
  store.render(({ eventNames }) => {
    if (eventNames === shown) return;
    shown = eventNames;
    list.replaceChildren(...eventNames.map(chip));
  });
}
