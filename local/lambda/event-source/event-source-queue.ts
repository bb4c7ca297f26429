import type { JsonResponse } from "../../http/json-response.ts";

/** A queue as Lambda sees it: an event source. */
export interface EventSourceQueue {
  readonly logicalId: string;
  readonly arn: string;
  readonly visibilityTimeoutMs: number;
  readonly deadLetterQueueArn: string | undefined;
  /**
   * Sends a request to SQS.
   *
   * @param input without `QueueUrl`
   */
  request(operation: string, input: object): Promise<JsonResponse>;
  /** Registers a listener for new messages; `delayMs` is the time until they can be received. */
  onArrival(listener: (delayMs: number) => void): void;
}

/** Finds the queues of the template. */
export interface EventSourceQueues {
  find(arn: string): EventSourceQueue | undefined;
  /** Resolves when all queues exist. */
  ready: Promise<unknown>;
}
