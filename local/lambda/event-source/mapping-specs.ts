import { type PropertyReader, readProperties } from "../../template/property-reader.ts";
import type { Resource, Stack } from "../../template/stack.ts";
import type { EventSourceQueue, EventSourceQueues } from "./event-source-queue.ts";

/** An event source mapping of the template: a queue that invokes a function. */
export interface MappingSpec {
  logicalId: string;
  queue: EventSourceQueue;
  /** The function's logical id. */
  functionId: string;
  /** Messages in one batch, at most. */
  batchSize: number;
  /** How long Lambda collects messages until a batch is full. */
  windowMs: number;
  /** Batches that are processed at the same time, at most. */
  concurrency: number;
  /** Whether the function returns the messages that failed (`ReportBatchItemFailures`). */
  reportsFailures: boolean;
  /** Whether recursive loop detection is off for the function (`RecursiveLoop: Allow`). */
  allowsRecursion: boolean;
}

/** Lambda's default. */
const defaultBatchSize = 10;
/**
 * Lambda starts with five pollers. Without `MaximumConcurrency` it adds more under load, which is not needed locally.
 */
const defaultConcurrency = 5;
/** Lambda's default function timeout. */
const defaultTimeoutSeconds = 3;
/** A batch of more messages needs a batching window. */
const maxBatchSizeWithoutWindow = 10;

/**
 * Reads the mappings that are enabled.
 *
 * @throws if Lambda would reject a mapping, or if it uses a property that the local runtime does not support
 */
export function readMappingSpecs(stack: Stack, queues: EventSourceQueues): MappingSpec[] {
  return stack.ofType("AWS::Lambda::EventSourceMapping").flatMap((resource) => {
    const reader = readProperties(resource).ignore("Tags");
    const isEnabled = reader.optionalString("Enabled") !== "false";
    const spec = readMappingSpec(stack, queues, resource, reader);
    reader.assertAllRead();
    return isEnabled ? [spec] : [];
  });
}

function readMappingSpec(
  stack: Stack,
  queues: EventSourceQueues,
  { logicalId }: Resource,
  reader: PropertyReader,
): MappingSpec {
  const queue = readQueue(queues, logicalId, reader);
  const target = readFunction(stack, logicalId, reader);
  const { batchSize, windowSeconds } = readBatching(logicalId, reader);
  checkVisibilityTimeout(logicalId, queue, target);
  const scaling = reader.object("ScalingConfig");
  const concurrency = scaling?.optionalNumber("MaximumConcurrency") ?? defaultConcurrency;
  scaling?.assertAllRead();
  return {
    logicalId,
    queue,
    functionId: target.logicalId,
    batchSize,
    windowMs: windowSeconds * 1000,
    concurrency,
    reportsFailures: reader.strings("FunctionResponseTypes").includes("ReportBatchItemFailures"),
    allowsRecursion: target.properties.RecursiveLoop === "Allow",
  };
}

function readQueue(queues: EventSourceQueues, logicalId: string, reader: PropertyReader): EventSourceQueue {
  const arn = reader.string("EventSourceArn");
  const queue = queues.find(arn);
  if (queue?.arn === arn) return queue;
  throw new Error(`${logicalId}: EventSourceArn should be a queue of the template, got ${arn}`);
}

function readFunction(stack: Stack, logicalId: string, reader: PropertyReader): Resource {
  const nameOrArn = reader.string("FunctionName");
  const target = stack
    .ofType("AWS::Lambda::Function")
    .find((each) => [stack.physicalId(each.logicalId), stack.arn(each.logicalId)].includes(nameOrArn));
  if (!target) throw new Error(`${logicalId}: the template has no function ${nameOrArn}`);
  return target;
}

function readBatching(logicalId: string, reader: PropertyReader): { batchSize: number; windowSeconds: number } {
  const batchSize = reader.optionalNumber("BatchSize") ?? defaultBatchSize;
  const windowSeconds = reader.optionalNumber("MaximumBatchingWindowInSeconds") ?? 0;
  if (batchSize > maxBatchSizeWithoutWindow && windowSeconds < 1) {
    throw new Error(
      `${logicalId}: a BatchSize of ${batchSize} needs a MaximumBatchingWindowInSeconds of at least 1, got ${windowSeconds}`,
    );
  }
  return { batchSize, windowSeconds };
}

/** Lambda rejects a mapping whose messages become visible again before the function ends. */
function checkVisibilityTimeout(logicalId: string, queue: EventSourceQueue, target: Resource): void {
  const timeoutSeconds = Number(target.properties.Timeout ?? defaultTimeoutSeconds);
  if (queue.visibilityTimeoutMs >= timeoutSeconds * 1000) return;
  throw new Error(
    `${logicalId}: Queue visibility timeout: ${queue.visibilityTimeoutMs / 1000} seconds is less than Function timeout: ${timeoutSeconds} seconds`,
  );
}
