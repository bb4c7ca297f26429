/** How often what was not acked is sent again. */
export const maxRedeliveries = 3;

/** How long is waited for an ack. */
export interface AckWait {
  /** Of a message; the pauses between tries grow from it: 1, 2, 4 times as long. */
  afterMs: number;
  /** On top of each, as the members of the room take so long to ack. */
  ackWithinMs: number;
}

/** When what was sent then, and was tried so often, is to be acked. */
export const dueMs = (sentAtMs: number, redeliveries: number, { afterMs, ackWithinMs }: AckWait): number =>
  sentAtMs + afterMs * 2 ** redeliveries + ackWithinMs;

/** How long after its push a message is undelivered: the pauses before and after all tries. */
export const reportAfterMs = (ackWait: AckWait): number =>
  Array.from({ length: maxRedeliveries + 1 }, (_, redeliveries) => dueMs(0, redeliveries, ackWait)).reduce(
    (sum, ms) => sum + ms,
    0,
  );
