import type { Clock, TimeoutHandle } from "../../world/clock.ts";
import type { Faults } from "../../world/faults.ts";
import type { EventSourceQueues } from "./event-source-queue.ts";
import type { MappingSpec } from "./mapping-specs.ts";
import { type BatchOptions, processBatch } from "./process-batch.ts";
import { type Message, receive } from "./queue-messages.ts";

export interface MappingOptions extends BatchOptions {
  queues: EventSourceQueues;
  clock: Clock;
  faults: Pick<Faults, "duplicatedMessages" | "random">;
  /** Receives one line. */
  log: (line: string) => void;
}

/** A mapping that polls its queue. */
export interface RunningMapping {
  /** Stops polling and waits for the batches in progress. */
  close(): Promise<void>;
}

/** Finds messages that were not sent through the local runtime. */
const pollIntervalMs = 1_000;
/** The interval while a batching window is open. */
const windowPollIntervalMs = 100;
/** Times and timers are rounded to milliseconds. Without this margin a poll could come before a message is visible. */
const roundingMs = 2;

/** Polls a queue and invokes the function with each batch of messages. */
export function startMapping(spec: MappingSpec, options: MappingOptions): RunningMapping {
  const { queue, batchSize, windowMs, concurrency } = spec;
  const { queues, clock, log } = options;
  const batchesInProgress = new Set<Promise<void>>();
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
  const logError = (error: unknown) => {
    if (!closed) log(`${spec.logicalId}: ${error instanceof Error ? error.message : error}`);
  };

  const collectBatch = async (): Promise<Message[]> => {
    const batch = await receive(queue, batchSize);
    const windowEndsAtMs = clock.now() + windowMs;
    while (batch.length > 0 && batch.length < batchSize && clock.now() < windowEndsAtMs) {
      const delayMs = Math.min(windowPollIntervalMs, windowEndsAtMs - clock.now());
      await new Promise<void>((resolve) => after(delayMs, resolve));
      batch.push(...(await receive(queue, batchSize - batch.length)));
    }
    return batch;
  };
  const runBatch = async (batch: readonly Message[]) => {
    const visibleAtMs = clock.now() + queue.visibilityTimeoutMs;
    const isComplete = await processBatch(spec, options, batch);
    if (!isComplete) after(Math.max(0, visibleAtMs - clock.now()) + roundingMs, poll);
  };
  const startBatch = (batch: readonly Message[]) => {
    const run: Promise<void> = runBatch(batch)
      .catch(logError)
      .finally(() => {
        batchesInProgress.delete(run);
        poll();
      });
    batchesInProgress.add(run);
  };
  const pollUntilEmpty = async () => {
    while (pollAgain && !closed) {
      pollAgain = false;
      while (!closed && batchesInProgress.size < concurrency) {
        const batch = await collectBatch();
        if (batch.length === 0) break;
        startBatch(batch);
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
      logError(error);
    });
  };
  const pollPeriodically = () => {
    poll();
    after(pollIntervalMs, pollPeriodically);
  };

  queue.onArrival((delayMs) => (delayMs > 0 ? after(delayMs + roundingMs, poll) : poll()));
  queues.ready.then(pollPeriodically).catch(logError);
  return {
    close: async () => {
      closed = true;
      for (const timer of timers) clock.clearTimeout(timer);
      await Promise.all(batchesInProgress);
    },
  };
}
