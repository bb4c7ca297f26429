/**
 * How often queued work may enqueue its own continuation, so that no chain is endless. This is the only bound: Lambda's
 * recursive loop detection is switched off for these functions, because it counts per batch and not per queue item.
 */
export const maxHops = 14;
