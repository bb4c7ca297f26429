/**
 * Tells of moments after which a connection often is dead: the page becomes visible, the network comes back. Where
 * nobody tells of them (Node, React Native, mini-programs) it keeps silent.
 *
 * @returns stops telling
 */
export function watchForSuspicion(suspect: () => void): () => void {
  const shown = () => {
    if (document.visibilityState === "visible") suspect();
  };
  const change = (how: "addEventListener" | "removeEventListener") => {
    globalThis.document?.[how]?.("visibilitychange", shown);
    globalThis.window?.[how]?.("online", suspect);
  };
  change("addEventListener");
  return () => change("removeEventListener");
}
