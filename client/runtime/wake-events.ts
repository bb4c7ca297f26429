/**
 * Watches for events after which a connection is often dead: the page becomes visible, the network comes back.
 * Environments without these events (Node, React Native, mini-programs) never call `onWake`.
 *
 * @returns a function that stops watching
 */
export function watchWakeEvents(onWake: () => void): () => void {
  const onVisibility = () => {
    if (document.visibilityState === "visible") onWake();
  };
  const change = (method: "addEventListener" | "removeEventListener") => {
    globalThis.document?.[method]?.("visibilitychange", onVisibility);
    globalThis.window?.[method]?.("online", onWake);
  };
  change("addEventListener");
  return () => change("removeEventListener");
}
