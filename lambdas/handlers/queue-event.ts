import { logError } from "../runtime/log.ts";

/** A batch of an SQS queue, as far as we read it. */
export interface QueueEvent {
  Records: { messageId: string; body: string }[];
}
export interface QueueResult {
  /** Only these come back; the others are done. */
  batchItemFailures: { itemIdentifier: string }[];
}

/**
 * Does what each message orders, side by side; one that fails keeps no other from being done.
 *
 * @param what failures are logged as
 * @param work `taken`: not to be done now, and no failure; the message comes back
 */
export async function workThrough(
  { Records }: QueueEvent,
  what: string,
  work: (body: string) => Promise<"done" | "taken">,
): Promise<QueueResult> {
  const results = await Promise.allSettled(Records.map(async ({ body }) => work(body)));
  const back = Records.filter((_, i) => {
    const result = results[i];
    if (result?.status === "rejected") logError(what, result.reason);
    return result?.status === "rejected" || result?.value === "taken";
  });
  return { batchItemFailures: back.map(({ messageId }) => ({ itemIdentifier: messageId })) };
}
