import { logError } from "../runtime/log.ts";

/** A batch of SQS messages, with the fields that Downlink reads. */
export interface QueueEvent {
  Records: { messageId: string; body: string }[];
}

/** The response with `ReportBatchItemFailures`: SQS deletes all other messages of the batch. */
export interface QueueResult {
  batchItemFailures: { itemIdentifier: string }[];
}

/**
 * Processes the messages of a batch concurrently. A failed message does not stop the others.
 *
 * @param operation name of the operation in the log
 * @param process `taken`: another worker has the message, so it returns to the queue, but is no error
 */
export async function processRecords(
  { Records }: QueueEvent,
  operation: string,
  process: (body: string) => Promise<"done" | "taken">,
): Promise<QueueResult> {
  const results = await Promise.allSettled(Records.map(async ({ body }) => process(body)));
  const returned = Records.filter((_, i) => {
    const result = results[i];
    if (result?.status === "rejected") logError(operation, result.reason);
    return result?.status === "rejected" || result?.value === "taken";
  });
  return { batchItemFailures: returned.map(({ messageId }) => ({ itemIdentifier: messageId })) };
}
