import { element } from "./element.ts";
import type { Session } from "./session.ts";
import type { ConsoleStore, Link } from "./state.ts";

export function connectionPart(store: ConsoleStore, session: Session, areSettingsReady: () => boolean): void {
  const state = element("link-state", HTMLElement);
  const trouble = element("link-trouble", HTMLElement);
  const button = element("connect", HTMLButtonElement);

  button.addEventListener("click", () => {
    if (store.state.link.at !== "off") session.disconnect();
    else if (areSettingsReady()) session.connect();
  });
  store.render(({ link }) => {
    const why = link.at === "connecting" ? link.trouble : undefined;
    // A status that is written again is read out again.
    if (state.textContent !== nameOf(link)) state.textContent = nameOf(link);
    state.dataset.at = why ? "trouble" : link.at;
    button.textContent = link.at === "off" ? "Connect" : "Disconnect";
    trouble.hidden = !why;
    if (why && trouble.textContent !== why) trouble.textContent = why;
  });
}

function nameOf(link: Link): string {
  if (link.at === "off") return "Not connected";
  if (link.at === "on") return "Connected";
  return link.trouble ? "Trying again" : "Connecting";
}
