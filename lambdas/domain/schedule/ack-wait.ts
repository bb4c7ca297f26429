/** How often what was not acked is sent again. */
export const mostTries = 3;

/** How long is waited for an ack. */
export interface Patience {
  /** Of a message; the pauses between tries grow from it: 1, 2, 4 times as long. */
  afterMs: number;
  /** On top of each, as the members of the room take so long to ack. */
  ackWithinMs: number;
}

/** When what was sent then, and was tried so often, is to be acked. */
export const dueMs = (sentAtMs: number, tries: number, { afterMs, ackWithinMs }: Patience): number =>
  sentAtMs + afterMs * 2 ** tries + ackWithinMs;

/** How long after its push a message is undelivered: the pauses before and after all tries. */
export const reportAfterMs = (patience: Patience): number =>
  Array.from({ length: mostTries + 1 }, (_, tries) => dueMs(0, tries, patience)).reduce((sum, ms) => sum + ms, 0);
