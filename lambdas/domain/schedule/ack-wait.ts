/** How often an unacknowledged message is redelivered. */
export const maxRedeliveries = 3;

/** How long a message waits for its ack. */
export interface AckWait {
  /** The wait before the first redelivery. It doubles each time. */
  afterMs: number;
  /** Added to each wait: the time over which the members of the room spread their acks. */
  ackWithinMs: number;
}

/** When the ack of a message is due that was last sent at `sentAtMs`, by its redelivery number `redeliveries` (0: none). */
export const dueMs = (sentAtMs: number, redeliveries: number, { afterMs, ackWithinMs }: AckWait): number =>
  sentAtMs + afterMs * 2 ** redeliveries + ackWithinMs;

/** How long after its push a message is undelivered: the sum of all waits. */
export const reportAfterMs = (ackWait: AckWait): number =>
  Array.from({ length: maxRedeliveries + 1 }, (_, redeliveries) => dueMs(0, redeliveries, ackWait)).reduce(
    (sum, ms) => sum + ms,
    0,
  );
