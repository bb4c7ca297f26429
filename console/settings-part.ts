import { element, fill } from "./element.ts";
import type { ConsoleStore } from "./state.ts";

interface SettingsPart {
  /** Whether the page can connect. If not, the form shows what is missing. */
  areReady(): boolean;
}

/** The form with the WebSocket URL and the keys. */
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
      // The browser cannot point at a field in closed details.
      panel.open = true;
      return form.reportValidity();
    },
  };
}
