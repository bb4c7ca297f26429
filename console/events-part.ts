import { element, stamp, within } from "./element.ts";
import type { Session } from "./session.ts";
import type { ConsoleStore } from "./state.ts";

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
    const made = stamp("event-chip");
    within(made, "code", HTMLElement).textContent = eventName;
    const remove = within(made, "button", HTMLButtonElement);
    remove.setAttribute("aria-label", `Stop listening to ${eventName}`);
    remove.addEventListener("click", () => {
      session.stopListening(eventName);
      // The button that had the focus is gone.
      input.focus();
    });
    return made;
  };
  store.render(({ eventNames }) => {
    if (eventNames === shown) return;
    shown = eventNames;
    list.replaceChildren(...eventNames.map(chip));
  });
}
