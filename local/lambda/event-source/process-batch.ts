import { type Faults, strikes } from "../../world/faults.ts";
import type { InvocationChain } from "../../world/invocations.ts";
import type { Outcome } from "../execution/environment.ts";
import { processedMessages } from "./batch-result.ts";
import type { EventSourceQueues } from "./event-source-queue.ts";
import type { MappingSpec } from "./mapping-specs.ts";
import { batchEvent, deleteMessages, type Message, sendCopy } from "./queue-messages.ts";
import { extendChain, type RecursionGuard } from "./recursion-guard.ts";

export interface BatchOptions {
  queues: EventSourceQueues;
  recursionGuard: RecursionGuard;
  lambda: {
    /** Runs a function once. A failure is an outcome; the promise does not reject. */
    invoke(functionId: string, event: unknown, chain: InvocationChain): Promise<Outcome>;
  };
  faults: Pick<Faults, "duplicatedMessages" | "random">;
  /** Receives one line. */
  log: (line: string) => void;
}

/** Lambda stops a recursive loop after about 16 invocations of the same function in a chain. */
const maxInvocationsInChain = 16;

/**
 * Invokes the function with a batch and deletes the messages that it has processed.
 *
 * @returns whether the whole batch was processed, so that no message becomes visible again
 */
export async function processBatch(
  spec: MappingSpec,
  options: BatchOptions,
  received: readonly Message[],
): Promise<boolean> {
  const { queue, functionId, reportsFailures } = spec;
  const { recursionGuard, lambda, faults } = options;
  const batch = await removeRecursive(spec, options, received);
  if (batch.length === 0) return true;
  const invoke = (messages: readonly Message[]) => {
    const previous = messages.map(({ MessageId }) => recursionGuard.chainOf(MessageId));
    return lambda.invoke(functionId, batchEvent(queue, messages), extendChain(previous, functionId));
  };
  const duplicates = batch.filter(({ MessageId }) => strikes(faults, faults.duplicatedMessages, MessageId));
  const [outcome] = await Promise.all([invoke(batch), duplicates.length > 0 && invoke(duplicates)]);
  const processed = processedMessages(batch, outcome, reportsFailures);
  await deleteMessages(queue, processed);
  for (const { MessageId } of processed) recursionGuard.forget(MessageId);
  return processed.length === batch.length;
}

/**
 * Moves messages of a recursive loop to the dead-letter queue; without one they are dropped.
 *
 * @returns the other messages
 */
async function removeRecursive(
  { queue, functionId, allowsRecursion }: MappingSpec,
  { recursionGuard, queues, log }: BatchOptions,
  batch: readonly Message[],
): Promise<readonly Message[]> {
  if (allowsRecursion) return batch;
  const recursive = batch.filter(
    ({ MessageId }) => (recursionGuard.chainOf(MessageId)[functionId] ?? 0) >= maxInvocationsInChain,
  );
  if (recursive.length === 0) return batch;
  const deadLetterQueue = queue.deadLetterQueueArn === undefined ? undefined : queues.find(queue.deadLetterQueueArn);
  for (const message of recursive) if (deadLetterQueue) await sendCopy(deadLetterQueue, message);
  await deleteMessages(queue, recursive);
  for (const { MessageId } of recursive) recursionGuard.forget(MessageId);
  const destination = deadLetterQueue ? `were moved to ${deadLetterQueue.logicalId}` : "were dropped";
  log(
    `${functionId} was stopped after ${maxInvocationsInChain} recursive invocations through ${queue.logicalId}: ${recursive.length} messages ${destination}; set RecursiveLoop of the function to Allow if the loop is intended`,
  );
  return batch.filter((message) => !recursive.includes(message));
}
