import { readProperties } from "../template/property-reader.ts";
import { checkResourcePolicy } from "../template/resource-policy.ts";
import type { Stack } from "../template/stack.ts";

/** A queue of the template. */
export interface QueueSpec {
  logicalId: string;
  name: string;
  arn: string;
  visibilityTimeoutMs: number;
  /** `undefined` for a queue without a redrive policy. */
  deadLetterQueueArn: string | undefined;
  /** Attributes for `SetQueueAttributes`, without the redrive policy. */
  attributes: Record<string, string>;
  maxReceiveCount: number | undefined;
}

const numericAttributes = [
  "DelaySeconds",
  "MaximumMessageSize",
  "MessageRetentionPeriod",
  "ReceiveMessageWaitTimeSeconds",
  "VisibilityTimeout",
];
/** SQS' default. */
const defaultVisibilitySeconds = 30;

/** @throws if a queue or queue policy uses a property that the local runtime does not support */
export function readQueueSpecs(stack: Stack): QueueSpec[] {
  for (const policy of stack.ofType("AWS::SQS::QueuePolicy")) checkResourcePolicy(policy, "queue");
  return stack.ofType("AWS::SQS::Queue").map((resource) => {
    const { logicalId } = resource;
    const reader = readProperties(resource).ignore(
      ...["QueueName", "Tags", "SqsManagedSseEnabled", "KmsMasterKeyId", "KmsDataKeyReusePeriodSeconds"],
    );
    const attributes: Record<string, string> = {};
    for (const name of numericAttributes) {
      const value = reader.optionalNumber(name);
      if (value !== undefined) attributes[name] = String(value);
    }
    const redrive = reader.object("RedrivePolicy");
    const deadLetterQueueArn = redrive?.string("deadLetterTargetArn");
    const maxReceiveCount = redrive?.optionalNumber("maxReceiveCount");
    redrive?.assertAllRead();
    reader.assertAllRead();
    return {
      logicalId,
      name: stack.attribute(logicalId, "QueueName"),
      arn: stack.arn(logicalId),
      visibilityTimeoutMs: Number(attributes.VisibilityTimeout ?? defaultVisibilitySeconds) * 1000,
      deadLetterQueueArn,
      attributes,
      maxReceiveCount,
    };
  });
}
