import type { Queue, Queues } from "../../sqs/queues.ts";
import { type PropertyReader, readProperties } from "../../template/property-reader.ts";
import type { Resource, Stack } from "../../template/stack.ts";

/** An event source mapping of the template: which queue feeds which function. */
export interface MappingSpec {
  logicalId: string;
  queue: Queue;
  /** The function's logical id. */
  functionId: string;
  batchSize: number;
  windowMs: number;
  /** So many batches at once. */
  concurrency: number;
  /** Else what the function returns means nothing. */
  reportsFailures: boolean;
  /** Whether a function that feeds its own queue is let alone. */
  allowsRecursion: boolean;
}

const defaultBatchSize = 10;
/** Lambda begins with so many, and without `MaximumConcurrency` adds more; nobody needs that here. */
const defaultConcurrency = 5;

/** @throws if Lambda would not create a mapping, or if it uses what this runtime does not do */
export function readMappings(stack: Stack, queues: Queues): MappingSpec[] {
  return stack.ofType("AWS::Lambda::EventSourceMapping").flatMap((resource) => {
    const reader = readProperties(resource).ignore("Tags");
    const isOn = reader.optionalString("Enabled") !== "false";
    const spec = readMapping(stack, queues, resource, reader);
    reader.assertAllRead();
    return isOn ? [spec] : [];
  });
}

function readMapping(stack: Stack, queues: Queues, { logicalId }: Resource, reader: PropertyReader): MappingSpec {
  const source = reader.string("EventSourceArn");
  const queue = queues.find(source);
  if (queue?.arn !== source)
    throw new Error(`${logicalId}: the event source should be a queue of the template, got ${source}`);
  const name = reader.string("FunctionName");
  const target = stack
    .ofType("AWS::Lambda::Function")
    .find((each) => [stack.physicalId(each.logicalId), stack.arn(each.logicalId)].includes(name));
  if (!target) throw new Error(`${logicalId}: the template has no function ${name}`);

  const batchSize = reader.optionalNumber("BatchSize") ?? defaultBatchSize;
  const windowSeconds = reader.optionalNumber("MaximumBatchingWindowInSeconds") ?? 0;
  if (batchSize > 10 && windowSeconds < 1) {
    throw new Error(
      `${logicalId}: a batch of ${batchSize} messages needs a MaximumBatchingWindowInSeconds of at least 1`,
    );
  }
  const timeoutSeconds = Number(target.properties.Timeout ?? 3);
  if (queue.visibilityTimeoutMs < timeoutSeconds * 1000) {
    throw new Error(
      `${logicalId}: Queue visibility timeout: ${queue.visibilityTimeoutMs / 1000} seconds is less than Function timeout: ${timeoutSeconds} seconds`,
    );
  }
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
