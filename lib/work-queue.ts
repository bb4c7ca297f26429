import { Duration } from "aws-cdk-lib";
import { type Alarm, TreatMissingData } from "aws-cdk-lib/aws-cloudwatch";
import type { Function as LambdaFunction } from "aws-cdk-lib/aws-lambda";
import { Queue, QueueEncryption, type QueueProps } from "aws-cdk-lib/aws-sqs";
import type { Construct } from "constructs";

export interface WorkQueueProps {
  /** The timeout of the queue's function. */
  readonly timeout: Duration;
  /** A message that has been received this often is dead-lettered. */
  readonly maxReceiveCount: number;
  /** @default - the default of SQS */
  readonly maxMessageSizeBytes?: number;
  /** The meaning of a dead-lettered message, for the alarm. Ends with "then retry", which the retry command follows. */
  readonly deadLettersDescription: string;
  /** The age of the oldest message at which `lateAlarm` goes off. */
  readonly lateAfter: Duration;
  /** The meaning of this age and what to do, for the alarm. */
  readonly lateDescription: string;
}

export interface WorkQueue {
  readonly queue: Queue;
  /** Keeps dead-lettered messages for two weeks. */
  readonly deadLetters: Queue;
  /** Goes off when the dead-letter queue contains a message. */
  readonly deadLettersAlarm: Alarm;
  /** Goes off when the oldest message has waited for `lateAfter`. */
  readonly lateAlarm: Alarm;
}

/** A queue that feeds a function, with its dead-letter queue and alarms for dead-lettered and late messages. */
export function workQueue(scope: Construct, id: string, props: WorkQueueProps): WorkQueue {
  const { timeout, maxReceiveCount, maxMessageSizeBytes, deadLettersDescription, lateAfter, lateDescription } = props;
  const queueOf = (name: string, queueProps: QueueProps) =>
    new Queue(scope, name, { ...queueProps, encryption: QueueEncryption.SQS_MANAGED, enforceSSL: true });
  const deadLetters = queueOf("DeadLetters", { retentionPeriod: Duration.days(14) });
  const queue = queueOf(id, {
    // AWS recommends six times the function's timeout: Lambda retries within it when the function is throttled.
    visibilityTimeout: Duration.seconds(6 * timeout.toSeconds()),
    deadLetterQueue: { queue: deadLetters, maxReceiveCount },
    maxMessageSizeBytes,
  });
  const deadLettersAlarm = deadLetters
    .metricApproximateNumberOfMessagesVisible({ period: Duration.minutes(1), statistic: "Maximum" })
    .createAlarm(scope, "DeadLettersAlarm", {
      alarmDescription: `${deadLettersDescription}: ${redriveCommand(queue, deadLetters)}`,
      threshold: 1,
      evaluationPeriods: 1,
      // An unused queue has no data points.
      treatMissingData: TreatMissingData.NOT_BREACHING,
    });
  const lateAlarm = queue
    .metricApproximateAgeOfOldestMessage({ period: Duration.minutes(1), statistic: "Maximum" })
    .createAlarm(scope, "LateAlarm", {
      alarmDescription: lateDescription,
      threshold: lateAfter.toSeconds(),
      evaluationPeriods: 1,
      treatMissingData: TreatMissingData.NOT_BREACHING,
    });
  return { queue, deadLetters, deadLettersAlarm, lateAlarm };
}

/**
 * The command that returns dead-lettered messages to their queue. It names the destination, because SQS knows the origin
 * only of messages that it moved itself. For those that a function has dead-lettered, the console's redrive fails with
 * `CouldNotDetermineMessageSource`.
 */
const redriveCommand = (queue: Queue, deadLetters: Queue) =>
  `aws sqs start-message-move-task --source-arn ${deadLetters.queueArn} --destination-arn ${queue.queueArn}`;

/** Makes `fn` the consumer of `queue`. */
export function addConsumer(
  queue: Queue,
  fn: LambdaFunction,
  batching: { batchSize: number; maxConcurrency: number },
): void {
  // `SqsEventSource` would also grant two actions that an event source mapping does not need.
  queue.grant(fn, "sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes");
  fn.addEventSourceMapping("Mapping", {
    ...batching,
    eventSourceArn: queue.queueArn,
    // A failed message is retried without the others of its batch.
    reportBatchItemFailures: true,
  });
}
