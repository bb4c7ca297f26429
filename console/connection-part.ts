import { element } from "./element.ts";
import type { Session } from "./session.ts";
import type { ConsoleStore, Link } from "./state.ts";

/** The state of the connection, and the button that connects and disconnects. */
export function connectionPart(store: ConsoleStore, session: Session, areSettingsReady: () => boolean): void {
  const state = element("link-state", HTMLElement);
  const error = element("link-error", HTMLElement);
  const button = element("connect", HTMLButtonElement);

  button.addEventListener("click", () => {
    if (store.state.link.kind !== "off") session.disconnect();
    else if (areSettingsReady()) session.connect();
  });
  store.render(({ link }) => {
    const lastError = link.kind === "connecting" ? link.lastError : undefined;
    // Setting the same text again would make screen readers announce it again.
    if (state.textContent !== nameOf(link)) state.textContent = nameOf(link);
    state.dataset.kind = lastError ? "failing" : link.kind;
    button.textContent = link.kind === "off" ? "Connect" : "Disconnect";
    error.hidden = !lastError;
    if (lastError && error.textContent !== lastError) error.textContent = lastError;
  });
}

function nameOf(link: Link): string {
  if (link.kind === "off") return "Not connected";
  if (link.kind === "on") return "Connected";
  return link.lastError ? "Trying again" : "Connecting";
}
