import type { Queues } from "../../sqs/queues.ts";
import type { Clock, TimeoutHandle } from "../../world/clock.ts";
import { type Faults, strikes } from "../../world/faults.ts";
import type { Lambda } from "../functions.ts";
import { doneWith } from "./batch-result.ts";
import type { MappingSpec } from "./mapping-specs.ts";
import { batchEvent, copyTo, type Message, receive, remove } from "./queue-messages.ts";
import { type Chains, lengthened } from "./recursion-guard.ts";

export interface MappingOptions {
  queues: Queues;
  chains: Chains;
  lambda: Pick<Lambda, "invoke">;
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
const lookAgainMs = 1_000;
/** While a batching window is open. */
const lookForMoreMs = 100;
/** Times are whole milliseconds, those of timers too: without it, one could look too early. */
const roundingMs = 2;
/** Lambda stops a function that feeds its own queue after so many rounds. */
const roundsMax = 16;

/** Takes messages from a queue and gives them to a function, batch by batch. */
export function runMapping(spec: MappingSpec, options: MappingOptions): Mapping {
  const { queue, batchSize, windowMs, concurrency } = spec;
  const { queues, clock, log } = options;
  const working = new Set<Promise<void>>();
  const timers = new Set<TimeoutHandle>();
  let isLooking = false;
  let looksAgain = false;
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

  const collect = async (): Promise<Message[]> => {
    const batch = await receive(queue, batchSize);
    const until = clock.now() + windowMs;
    while (batch.length > 0 && batch.length < batchSize && clock.now() < until) {
      await new Promise<void>((resolve) => after(Math.min(lookForMoreMs, until - clock.now()), resolve));
      batch.push(...(await receive(queue, batchSize - batch.length)));
    }
    return batch;
  };
  const work = async (batch: readonly Message[]) => {
    const untilMs = clock.now() + queue.visibilityTimeoutMs;
    const isAllDone = await handleBatch(spec, options, batch);
    if (!isAllDone) after(Math.max(0, untilMs - clock.now()) + roundingMs, look);
  };
  const takeAll = async () => {
    while (looksAgain && !closed) {
      looksAgain = false;
      while (!closed && working.size < concurrency) {
        const batch = await collect();
        if (batch.length === 0) break;
        const run: Promise<void> = work(batch)
          .catch(report)
          .finally(() => {
            working.delete(run);
            look();
          });
        working.add(run);
      }
    }
    isLooking = false;
  };
  const look = () => {
    looksAgain = true;
    if (isLooking || closed) return;
    isLooking = true;
    takeAll().catch((error: unknown) => {
      isLooking = false;
      report(error);
    });
  };
  const lookNowAndThen = () => {
    look();
    after(lookAgainMs, lookNowAndThen);
  };

  queue.onArrival((afterMs) => (afterMs > 0 ? after(afterMs + roundingMs, look) : look()));
  queues.ready.then(lookNowAndThen).catch(report);
  return {
    close: async () => {
      closed = true;
      for (const timer of timers) clock.clearTimeout(timer);
      await Promise.all(working);
    },
  };
}

/** @returns whether no message of the batch comes back */
async function handleBatch(spec: MappingSpec, options: MappingOptions, received: readonly Message[]): Promise<boolean> {
  const { queue, functionId, reportsFailures } = spec;
  const { chains, lambda, faults } = options;
  const batch = await stopLoops(spec, options, received);
  if (batch.length === 0) return true;
  const invoke = (messages: readonly Message[]) => {
    const chain = lengthened(
      messages.map(({ MessageId }) => chains.of(MessageId)),
      functionId,
    );
    return lambda.invoke(functionId, batchEvent(queue, messages), chain);
  };
  const twice = batch.filter(({ MessageId }) => strikes(faults, faults.duplicatedMessages, MessageId));
  const [outcome] = await Promise.all([invoke(batch), twice.length > 0 && invoke(twice)]);
  const done = doneWith(batch, outcome, reportsFailures);
  await remove(queue, done);
  for (const { MessageId } of done) chains.forget(MessageId);
  return done.length === batch.length;
}

/** @returns messages that are not part of a loop */
async function stopLoops(
  { queue, functionId, mayLoop }: MappingSpec,
  { chains, queues, log }: MappingOptions,
  batch: readonly Message[],
): Promise<readonly Message[]> {
  const inLoop = mayLoop ? [] : batch.filter(({ MessageId }) => (chains.of(MessageId)[functionId] ?? 0) >= roundsMax);
  if (inLoop.length === 0) return batch;
  const deadLetters = queue.deadLetters === undefined ? undefined : queues.find(queue.deadLetters);
  for (const message of inLoop) if (deadLetters) await copyTo(deadLetters, message);
  await remove(queue, inLoop);
  for (const { MessageId } of inLoop) chains.forget(MessageId);
  const whereTo = deadLetters ? `went to ${deadLetters.logicalId}` : "were dropped";
  log(
    `${functionId} was stopped after ${roundsMax} rounds through ${queue.logicalId}: ${inLoop.length} messages ${whereTo}; Lambda stops loops unless the function's RecursiveLoop is Allow`,
  );
  return batch.filter((message) => !inLoop.includes(message));
}
