import { Duration } from "aws-cdk-lib";
import { type Alarm, TreatMissingData } from "aws-cdk-lib/aws-cloudwatch";
import type { Function as LambdaFunction } from "aws-cdk-lib/aws-lambda";
import { Queue, QueueEncryption, type QueueProps } from "aws-cdk-lib/aws-sqs";
import type { Construct } from "constructs";

export interface WorkQueueProps {
  /** The most that its function may take. */
  readonly timeout: Duration;
  /** How often an order is tried before it is put aside. */
  readonly maxReceiveCount: number;
  /** @default - what SQS has for a default */
  readonly maxMessageSizeBytes?: number;
  /** What has happened when something was put aside, for who is woken; how to try it again is added. */
  readonly alarmDescription: string;
  /** An order that waits for so long is not only one of many. */
  readonly lateAfter: Duration;
  /** What that means, for who is woken. */
  readonly lateDescription: string;
}

export interface WorkQueue {
  readonly queue: Queue;
  /** What was put aside, for two weeks. */
  readonly deadLetters: Queue;
  readonly alarm: Alarm;
  /** The oldest order waits for too long. */
  readonly lateAlarm: Alarm;
}

/** A queue of orders to a function; what fails too often is put aside, and an alarm goes off, as for one that waits too long. */
export function workQueue(scope: Construct, id: string, props: WorkQueueProps): WorkQueue {
  const { timeout, maxReceiveCount, maxMessageSizeBytes, alarmDescription, lateAfter, lateDescription } = props;
  const queueOf = (name: string, more: QueueProps) =>
    new Queue(scope, name, { ...more, encryption: QueueEncryption.SQS_MANAGED, enforceSSL: true });
  const deadLetters = queueOf("DeadLetters", { retentionPeriod: Duration.days(14) });
  const queue = queueOf(id, {
    // Lambda asks for six times the function's: it tries again within it when the function is throttled.
    visibilityTimeout: Duration.seconds(6 * timeout.toSeconds()),
    deadLetterQueue: { queue: deadLetters, maxReceiveCount },
    maxMessageSizeBytes,
  });
  const alarm = deadLetters
    .metricApproximateNumberOfMessagesVisible({ period: Duration.minutes(1), statistic: "Maximum" })
    .createAlarm(scope, "Alarm", {
      alarmDescription: `${alarmDescription}; then: ${redriveOf(queue, deadLetters)}`,
      threshold: 1,
      evaluationPeriods: 1,
      // A queue that nobody uses reports nothing.
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
  return { queue, deadLetters, alarm, lateAlarm };
}

/**
 * The console's redrive fails for what a function has put aside by itself (CouldNotDetermineMessageSource): SQS does not
 * know from which queue it came.
 */
const redriveOf = (queue: Queue, deadLetters: Queue) =>
  `aws sqs start-message-move-task --source-arn ${deadLetters.queueArn} --destination-arn ${queue.queueArn}`;

/** Has Lambda give a queue's orders to a function. */
export function feed(queue: Queue, fn: LambdaFunction, how: { batchSize: number; maxConcurrency: number }): void {
  // `SqsEventSource` would allow two more actions that a mapping does not need.
  queue.grant(fn, "sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes");
  fn.addEventSourceMapping("Mapping", {
    ...how,
    eventSourceArn: queue.queueArn,
    // One order's trouble does not have the others of its batch done again.
    reportBatchItemFailures: true,
  });
}
