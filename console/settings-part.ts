import { element, fill } from "./element.ts";
import type { ConsoleStore } from "./state.ts";

export interface SettingsPart {
  /** Whether one can connect; if not, says in the form what is missing. */
  areReady(): boolean;
}

export function settingsPart(store: ConsoleStore): SettingsPart {
  const form = element("settings-form", HTMLFormElement);
  const panel = element("settings", HTMLDetailsElement);
  const address = element("settings-address", HTMLElement);

  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("input", ({ target }) => {
    if (!(target instanceof HTMLInputElement)) return;
    store.update({ settings: { ...store.state.settings, [target.name]: target.value.trim() } });
  });
  store.render(({ settings }) => {
    if (!form.contains(document.activeElement)) fill(form, { ...settings });
    address.textContent = settings.webSocketUrl;
  });
  panel.open = !form.checkValidity();

  return {
    areReady() {
      if (form.checkValidity()) return true;
      // A field inside closed details cannot be pointed at.
      panel.open = true;
      return form.reportValidity();
    },
  };
}
