import type { Outcome } from "../execution/environment.ts";

/**
 * The messages of a batch that the function has processed. Lambda deletes them; the others become visible again.
 *
 * @param reportsFailures whether the mapping has `ReportBatchItemFailures`; without it the function's result is ignored
 */
export function processedMessages<T extends { MessageId: string }>(
  batch: readonly T[],
  outcome: Outcome,
  reportsFailures: boolean,
): readonly T[] {
  if (!outcome.ok) return [];
  if (!reportsFailures) return batch;
  const failed = failedIds(outcome.payload);
  const isInBatch = (id: unknown) => batch.some(({ MessageId }) => MessageId === id);
  // Lambda treats a malformed result as the failure of the whole batch.
  if (!failed?.every(isInBatch)) return [];
  return batch.filter(({ MessageId }) => !failed.includes(MessageId));
}

/** @returns `undefined` if the result is malformed */
function failedIds(payload: unknown): unknown[] | undefined {
  if (payload === null) return [];
  if (typeof payload !== "object") return undefined;
  const { batchItemFailures = [] } = payload as { batchItemFailures?: unknown };
  if (batchItemFailures === null) return [];
  if (!Array.isArray(batchItemFailures)) return undefined;
  return batchItemFailures.map((each: { itemIdentifier?: unknown } | null) => each?.itemIdentifier);
}
