import { readProperties } from "../template/property-reader.ts";
import { readResourcePolicy } from "../template/resource-policy.ts";
import type { Stack } from "../template/stack.ts";

/** A queue of the template. */
export interface QueueSpec {
  logicalId: string;
  name: string;
  arn: string;
  visibilityTimeoutMs: number;
  /** ARN of the dead-letter queue. */
  deadLetterQueueArn: string | undefined;
  /** What SetQueueAttributes takes, besides the dead-letter queue. */
  attributes: Record<string, string>;
  maxReceiveCount: number | undefined;
}

const numbers = [
  "DelaySeconds",
  "MaximumMessageSize",
  "MessageRetentionPeriod",
  "ReceiveMessageWaitTimeSeconds",
  "VisibilityTimeout",
];
const defaultVisibilitySeconds = 30;

/** @throws if the template uses what these queues do not do */
export function readQueues(stack: Stack): QueueSpec[] {
  for (const policy of stack.ofType("AWS::SQS::QueuePolicy")) readResourcePolicy(policy, "queue");
  return stack.ofType("AWS::SQS::Queue").map((resource) => {
    const { logicalId } = resource;
    // Nobody sees here what is kept on a disk of AWS.
    const reader = readProperties(resource).ignore(
      ...["QueueName", "Tags", "SqsManagedSseEnabled", "KmsMasterKeyId", "KmsDataKeyReusePeriodSeconds"],
    );
    const attributes: Record<string, string> = {};
    for (const name of numbers) {
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
