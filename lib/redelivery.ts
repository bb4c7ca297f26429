import { Duration, Stack } from "aws-cdk-lib";
import type { Alarm } from "aws-cdk-lib/aws-cloudwatch";
import { Grant } from "aws-cdk-lib/aws-iam";
import { RecursiveLoop } from "aws-cdk-lib/aws-lambda";
import type { Queue } from "aws-cdk-lib/aws-sqs";
import { Construct } from "constructs";
import { rateBudget } from "./rate-budget.ts";
import { type RoomProps, roomFunction } from "./room-function.ts";
import { addConsumer, workQueue } from "./work-queue.ts";

// Short, because after a crash an ack check returns to the queue only after six times this.
const timeout = Duration.seconds(30);
const eventBusName = "default";

/** Redelivery of unacknowledged messages: a queue of delayed ack checks, each for one room, and their worker. */
export class Redelivery extends Construct {
  readonly ackChecks: Queue;
  readonly deadLetters: Queue;
  /** Goes off when an ack check is dead-lettered: it failed five times. */
  readonly deadLettersAlarm: Alarm;
  /** Goes off when an ack check waits for 30 minutes. */
  readonly lateAlarm: Alarm;

  constructor(scope: Construct, id: string) {
    super(scope, id);
    const { queue, deadLetters, deadLettersAlarm, lateAlarm } = workQueue(this, "AckChecks", {
      timeout,
      maxReceiveCount: 5,
      deadLettersDescription:
        "Downlink: an ack check failed 5 times and is in the dead-letter queue. Until the next push, the unacknowledged messages of its room are not redelivered. Read the log of the Redeliver function, remove the cause, then retry",
      // An ack check may be delayed by 15 minutes, and the delay counts as age.
      lateAfter: Duration.minutes(30),
      lateDescription:
        "Downlink: an ack check has waited for 30 minutes, so unacknowledged messages are redelivered late. If the Redeliver function runs, raise redeliveryConcurrency (npx cdk deploy -c downlink:redeliveryConcurrency=<number>). Otherwise find the cause in its log and its Throttles metric",
    });
    this.ackChecks = queue;
    this.deadLetters = deadLetters;
    this.deadLettersAlarm = deadLettersAlarm;
    this.lateAlarm = lateAlarm;
  }

  /** Separate from the constructor, because the stage that it posts to needs the queue first. */
  addFunction(props: RoomProps & { readonly maxConcurrency: number }): void {
    const redeliver = roomFunction(this, "Redeliver", props, {
      entry: "redeliver",
      description: "Downlink: runs ack checks and redelivers unacknowledged messages",
      environment: {
        EVENT_BUS_NAME: eventBusName,
        REDELIVERIES_PER_SECOND: String(rateBudget(props.postsPerSecond).redelivery),
        REDELIVERY_WORKERS: String(props.maxConcurrency),
      },
      // No request waits for it, and most ack checks find nothing to redeliver.
      memorySize: 512,
      timeout,
      // Ack checks count their own hops. Lambda counts per batch, so a new check would inherit the count of an old one.
      recursiveLoop: RecursiveLoop.ALLOW,
      rights: {
        connections: ["Scan", "UpdateItem", "DeleteItem"],
        rooms: ["GetItem", "UpdateItem", "DeleteItem", "Query"],
        messages: ["Query"],
        payloads: ["GetObject"],
        ackChecks: true,
        fanOutTasks: false,
      },
    });
    // A new account may run 10 functions at once: redelivery must leave some of them to first deliveries.
    addConsumer(this.ackChecks, redeliver, { batchSize: 10, maxConcurrency: props.maxConcurrency });
    Grant.addToPrincipal({
      grantee: redeliver,
      actions: ["events:PutEvents"],
      resourceArns: [
        Stack.of(this).formatArn({ service: "events", resource: "event-bus", resourceName: eventBusName }),
      ],
    });
  }
}
