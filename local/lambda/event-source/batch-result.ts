import type { Outcome } from "../execution/environment.ts";

/**
 * Which messages of a batch are done with, and will be deleted; the others come back.
 *
 * @param reportsFailures whether the mapping has `ReportBatchItemFailures`; without it the answer means nothing
 */
export function completedMessages<T extends { MessageId: string }>(
  batch: readonly T[],
  outcome: Outcome,
  reportsFailures: boolean,
): readonly T[] {
  if (!outcome.ok) return [];
  if (!reportsFailures) return batch;
  const failed = failedIds(outcome.payload);
  const isKnown = (id: unknown) => batch.some(({ MessageId }) => MessageId === id);
  // Lambda takes an answer that it does not understand for the failure of all.
  if (!failed?.every(isKnown)) return [];
  return batch.filter(({ MessageId }) => !failed.includes(MessageId));
}

/** `undefined` if the answer is not what it should be. */
function failedIds(payload: unknown): unknown[] | undefined {
  if (payload === null) return [];
  if (typeof payload !== "object") return undefined;
  const { batchItemFailures = [] } = payload as { batchItemFailures?: unknown };
  if (batchItemFailures === null) return [];
  if (!Array.isArray(batchItemFailures)) return undefined;
  return batchItemFailures.map((each: { itemIdentifier?: unknown } | null) => each?.itemIdentifier);
}
