/** A batch of an SQS queue, as far as we read it. */
export interface QueueEvent {
  Records: { messageId: string; body: string }[];
}
export interface QueueResult {
  /** Only these come back; the others are done. */
  batchItemFailures: { itemIdentifier: string }[];
}
