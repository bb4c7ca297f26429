/**
 * Tells of moments after which a connection often is dead: the page becomes visible, the network comes back.
 *
 * @returns stops telling
 */
export function watchForSuspicion(suspect: () => void): () => void {
  const { document: page, window: network }: { document?: Document; window?: Window } = globalThis;
  const shown = () => {
    if (page?.visibilityState === "visible") suspect();
  };
  page?.addEventListener("visibilitychange", shown);
  network?.addEventListener("online", suspect);
  return () => {
    page?.removeEventListener("visibilitychange", shown);
    network?.removeEventListener("online", suspect);
  };
}
