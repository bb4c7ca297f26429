import type { Queues } from "../../sqs/queues.ts";
import type { Clock, TimeoutHandle } from "../../world/clock.ts";
import { type Faults, strikes } from "../../world/faults.ts";
import type { LambdaFunctions } from "../functions.ts";
import { completedMessages } from "./batch-result.ts";
import type { MappingSpec } from "./mapping-specs.ts";
import { batchEvent, sendCopy, type Message, receive, remove } from "./queue-messages.ts";
import { type RecursionGuard, extendChain } from "./recursion-guard.ts";

export interface MappingOptions {
  queues: Queues;
  recursionGuard: RecursionGuard;
  lambda: Pick<LambdaFunctions, "invoke">;
  clock: Clock;
  faults: Pick<Faults, "duplicatedMessages" | "random">;
  /** One line for the developer. */
  log: (line: string) => void;
}

export interface Mapping {
  /** Waits for batches that are being worked on. */
  close(): Promise<void>;
}

/** Messages that come by another way than this runtime's are found by this time. */
const pollIntervalMs = 1_000;
/** While a batching window is open. */
const windowPollIntervalMs = 100;
/** Times are whole milliseconds, those of timers too: without it, one could look too early. */
const roundingMs = 2;
/** Lambda stops a function that feeds its own queue after so many rounds. */
const maxChainInvocations = 16;

/** Takes messages from a queue and gives them to a function, batch by batch. */
export function startPolling(spec: MappingSpec, options: MappingOptions): Mapping {
  const { queue, batchSize, windowMs, concurrency } = spec;
  const { queues, clock, log } = options;
  const working = new Set<Promise<void>>();
  const timers = new Set<TimeoutHandle>();
  let isPolling = false;
  let pollAgain = false;
  let closed = false;

  const after = (delayMs: number, run: () => void) => {
    if (closed) return;
    const timer = clock.setTimeout(() => {
      timers.delete(timer);
      run();
    }, delayMs);
    timers.add(timer);
  };
  const report = (error: unknown) => {
    if (!closed) log(`${spec.logicalId}: ${error instanceof Error ? error.message : error}`);
  };

  const collectBatch = async (): Promise<Message[]> => {
    const batch = await receive(queue, batchSize);
    const until = clock.now() + windowMs;
    while (batch.length > 0 && batch.length < batchSize && clock.now() < until) {
      await new Promise<void>((resolve) => after(Math.min(windowPollIntervalMs, until - clock.now()), resolve));
      batch.push(...(await receive(queue, batchSize - batch.length)));
    }
    return batch;
  };
  const processBatch = async (batch: readonly Message[]) => {
    const untilMs = clock.now() + queue.visibilityTimeoutMs;
    const isAllDone = await runBatch(spec, options, batch);
    if (!isAllDone) after(Math.max(0, untilMs - clock.now()) + roundingMs, poll);
  };
  const pollUntilEmpty = async () => {
    while (pollAgain && !closed) {
      pollAgain = false;
      while (!closed && working.size < concurrency) {
        const batch = await collectBatch();
        if (batch.length === 0) break;
        const run: Promise<void> = processBatch(batch)
          .catch(report)
          .finally(() => {
            working.delete(run);
            poll();
          });
        working.add(run);
      }
    }
    isPolling = false;
  };
  const poll = () => {
    pollAgain = true;
    if (isPolling || closed) return;
    isPolling = true;
    pollUntilEmpty().catch((error: unknown) => {
      isPolling = false;
      report(error);
    });
  };
  const pollPeriodically = () => {
    poll();
    after(pollIntervalMs, pollPeriodically);
  };

  queue.onArrival((afterMs) => (afterMs > 0 ? after(afterMs + roundingMs, poll) : poll()));
  queues.ready.then(pollPeriodically).catch(report);
  return {
    close: async () => {
      closed = true;
      for (const timer of timers) clock.clearTimeout(timer);
      await Promise.all(working);
    },
  };
}

/** @returns whether no message of the batch comes back */
async function runBatch(spec: MappingSpec, options: MappingOptions, received: readonly Message[]): Promise<boolean> {
  const { queue, functionId, reportsFailures } = spec;
  const { recursionGuard, lambda, faults } = options;
  const batch = await dropRecursive(spec, options, received);
  if (batch.length === 0) return true;
  const invoke = (messages: readonly Message[]) => {
    const chain = extendChain(
      messages.map(({ MessageId }) => recursionGuard.of(MessageId)),
      functionId,
    );
    return lambda.invoke(functionId, batchEvent(queue, messages), chain);
  };
  const duplicates = batch.filter(({ MessageId }) => strikes(faults, faults.duplicatedMessages, MessageId));
  const [outcome] = await Promise.all([invoke(batch), duplicates.length > 0 && invoke(duplicates)]);
  const done = completedMessages(batch, outcome, reportsFailures);
  await remove(queue, done);
  for (const { MessageId } of done) recursionGuard.forget(MessageId);
  return done.length === batch.length;
}

/** @returns messages that are not part of a loop */
async function dropRecursive(
  { queue, functionId, allowsRecursion }: MappingSpec,
  { recursionGuard, queues, log }: MappingOptions,
  batch: readonly Message[],
): Promise<readonly Message[]> {
  const recursive = allowsRecursion ? [] : batch.filter(({ MessageId }) => (recursionGuard.of(MessageId)[functionId] ?? 0) >= maxChainInvocations);
  if (recursive.length === 0) return batch;
  const deadLetterQueueArn = queue.deadLetterQueueArn === undefined ? undefined : queues.find(queue.deadLetterQueueArn);
  for (const message of recursive) if (deadLetterQueueArn) await sendCopy(deadLetterQueueArn, message);
  await remove(queue, recursive);
  for (const { MessageId } of recursive) recursionGuard.forget(MessageId);
  const whereTo = deadLetterQueueArn ? `went to ${deadLetterQueueArn.logicalId}` : "were dropped";
  log(
    `${functionId} was stopped after ${maxChainInvocations} rounds through ${queue.logicalId}: ${recursive.length} messages ${whereTo}; Lambda stops loops unless the function's RecursiveLoop is Allow`,
  );
  return batch.filter((message) => !recursive.includes(message));
}
