import { Duration, Stack } from "aws-cdk-lib";
import { type Alarm, TreatMissingData } from "aws-cdk-lib/aws-cloudwatch";
import { Grant } from "aws-cdk-lib/aws-iam";
import { Queue, QueueEncryption, type QueueProps } from "aws-cdk-lib/aws-sqs";
import { Construct } from "constructs";
import { type RoomProps, roomFunction } from "./room-function.ts";

// Short, as a look that died with its function comes back only after six times this.
const timeout = Duration.seconds(30);
const eventBusName = "default";

/** Sends again what was not acked: a queue of looks at rooms, each due after a delay, and what takes them. */
export class Redelivery extends Construct {
  readonly looks: Queue;
  /** A look that failed five times lies in the dead-letter queue. */
  readonly alarm: Alarm;

  constructor(scope: Construct, id: string) {
    super(scope, id);
    const queue = (name: string, props: QueueProps) =>
      new Queue(this, name, { ...props, encryption: QueueEncryption.SQS_MANAGED, enforceSSL: true });
    const deadLetters = queue("DeadLetters", { retentionPeriod: Duration.days(14) });
    this.looks = queue("Looks", {
      // Lambda asks for six times the function's: it tries again within it when the function is throttled.
      visibilityTimeout: Duration.seconds(6 * timeout.toSeconds()),
      deadLetterQueue: { queue: deadLetters, maxReceiveCount: 5 },
    });
    this.alarm = deadLetters
      .metricApproximateNumberOfMessagesVisible({ period: Duration.minutes(1), statistic: "Maximum" })
      .createAlarm(this, "Alarm", {
        alarmDescription:
          "Downlink: looks at rooms failed five times, so what was not acked there is not sent again before the next push. The log of the redeliver function says why; then redrive the dead-letter queue",
        threshold: 1,
        evaluationPeriods: 1,
        // A queue that nobody uses reports nothing.
        treatMissingData: TreatMissingData.NOT_BREACHING,
      });
  }

  /** The function comes after the queue: it posts to a stage whose own function orders looks. */
  addFunction(props: RoomProps): void {
    const redeliver = roomFunction(this, "Redeliver", props, {
      entry: "redeliver",
      description: "Downlink: sends again what was not acked",
      environment: { EVENT_BUS_NAME: eventBusName },
      // Nobody waits for it, and most looks find that all have acked.
      memorySize: 512,
      timeout,
      rights: {
        connections: ["Scan", "UpdateItem", "DeleteItem"],
        rooms: ["GetItem", "UpdateItem", "DeleteItem", "Query"],
        messages: ["Query"],
        payloads: ["GetObject"],
        looks: true,
      },
    });
    // `SqsEventSource` would allow two more actions that a mapping does not need.
    this.looks.grant(redeliver, "sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes");
    redeliver.addEventSourceMapping("Mapping", {
      eventSourceArn: this.looks.queueArn,
      batchSize: 10,
      // One room's trouble does not have the other nine looked at again.
      reportBatchItemFailures: true,
      // A new account runs 10 functions at once: what is sent again must not keep out what is sent for the first time.
      maxConcurrency: 5,
    });
    Grant.addToPrincipal({
      grantee: redeliver,
      actions: ["events:PutEvents"],
      resourceArns: [
        Stack.of(this).formatArn({ service: "events", resource: "event-bus", resourceName: eventBusName }),
      ],
    });
  }
}
