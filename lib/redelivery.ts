import { Duration, Stack } from "aws-cdk-lib";
import type { Alarm } from "aws-cdk-lib/aws-cloudwatch";
import { Grant } from "aws-cdk-lib/aws-iam";
import { RecursiveLoop } from "aws-cdk-lib/aws-lambda";
import type { Queue } from "aws-cdk-lib/aws-sqs";
import { Construct } from "constructs";
import { paceOf } from "./pace.ts";
import { type RoomProps, roomFunction } from "./room-function.ts";
import { feed, workQueue } from "./work-queue.ts";

// Short, as a look that died with its function comes back only after six times this.
const timeout = Duration.seconds(30);
const eventBusName = "default";

/** Sends again what was not acked: a queue of looks at rooms, each due after a delay, and what takes them. */
export class Redelivery extends Construct {
  readonly looks: Queue;
  readonly deadLetters: Queue;
  /** A look that failed five times lies in the dead-letter queue. */
  readonly alarm: Alarm;
  readonly lateAlarm: Alarm;

  constructor(scope: Construct, id: string) {
    super(scope, id);
    const { queue, deadLetters, alarm, lateAlarm } = workQueue(this, "Looks", {
      timeout,
      maxReceiveCount: 5,
      alarmDescription:
        "Downlink: looks at rooms failed five times, so what was not acked there is not sent again before the next push. The log of the redeliver function says why; to have them looked at once more, remove the reason",
      // An order may be for a quarter of an hour later, and is as old by then.
      lateAfter: Duration.minutes(30),
      lateDescription:
        "Downlink: a look at a room has waited for 30 minutes, so what was not acked is sent again late. Raise redeliveryConcurrency, or see why the redeliver function does not run: its log and its throttles",
    });
    this.looks = queue;
    this.deadLetters = deadLetters;
    this.alarm = alarm;
    this.lateAlarm = lateAlarm;
  }

  /** The function comes after the queue: it posts to a stage whose own function orders looks. */
  addFunction(props: RoomProps & { readonly maxConcurrency: number }): void {
    const redeliver = roomFunction(this, "Redeliver", props, {
      entry: "redeliver",
      description: "Downlink: sends again what was not acked",
      environment: {
        EVENT_BUS_NAME: eventBusName,
        REDELIVERIES_PER_SECOND: String(paceOf(props.postsPerSecond).redelivery),
        REDELIVERY_WORKERS: String(props.maxConcurrency),
      },
      // Nobody waits for it, and most looks find that all have acked.
      memorySize: 512,
      timeout,
      // A look counts its own rounds. Lambda counts those of a batch: a new look beside an old one has the old one's.
      recursiveLoop: RecursiveLoop.ALLOW,
      rights: {
        connections: ["Scan", "UpdateItem", "DeleteItem"],
        rooms: ["GetItem", "UpdateItem", "DeleteItem", "Query"],
        messages: ["Query"],
        payloads: ["GetObject"],
        looks: true,
        tasks: false,
      },
    });
    // A new account runs 10 functions at once: what is sent again must not keep out what is sent for the first time.
    feed(this.looks, redeliver, { batchSize: 10, maxConcurrency: props.maxConcurrency });
    Grant.addToPrincipal({
      grantee: redeliver,
      actions: ["events:PutEvents"],
      resourceArns: [
        Stack.of(this).formatArn({ service: "events", resource: "event-bus", resourceName: eventBusName }),
      ],
    });
  }
}
