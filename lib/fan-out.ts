import { Duration } from "aws-cdk-lib";
import type { Alarm } from "aws-cdk-lib/aws-cloudwatch";
import { RecursiveLoop } from "aws-cdk-lib/aws-lambda";
import type { Queue } from "aws-cdk-lib/aws-sqs";
import { Construct } from "constructs";
import { workersFor } from "./pace.ts";
import { type RoomProps, roomFunction } from "./room-function.ts";
import { feed, type WorkQueue, workQueue } from "./work-queue.ts";

// A round of 22 s, and what is under way then: a post that is tried four times may take 13 s.
const timeout = Duration.seconds(40);

/** Posts to large rooms and to everyone: a queue of tasks, each a part of the members, and the workers that take them. */
export class FanOut extends Construct {
  readonly tasks: Queue;
  readonly deadLetters: Queue;
  /** What was refused for ever, or failed ten times, lies in the dead-letter queue. */
  readonly alarm: Alarm;
  readonly lateAlarm: Alarm;
  private readonly work: WorkQueue;

  constructor(scope: Construct, id: string) {
    super(scope, id);
    this.work = workQueue(this, "Tasks", {
      timeout,
      // One that somebody else works at comes back too, and that is nobody's failure.
      maxReceiveCount: 10,
      // A frame of 128 KB takes twice that inside a task.
      maxMessageSizeBytes: 1024 * 1024,
      alarmDescription:
        "Downlink: posts to some members were refused again and again, or a fan-out task failed ten times. The log of the fan-out function says why; to have them posted to once more, remove the reason",
      // One that a worker left behind when it died comes back after four minutes.
      lateAfter: Duration.minutes(15),
      lateDescription:
        "Downlink: a fan-out task has waited for 15 minutes: there is more to post than postsPerSecond lets through, or the fan-out function does not run. Its log and its throttles say which",
    });
    this.tasks = this.work.queue;
    this.deadLetters = this.work.deadLetters;
    this.alarm = this.work.alarm;
    this.lateAlarm = this.work.lateAlarm;
  }

  /** The function comes after the queue: it posts to a stage whose own function orders tasks. */
  addFunction(props: RoomProps): void {
    const { queue, deadLetters } = this.work;
    const fanOut = roomFunction(this, "FanOut", props, {
      entry: "fan-out",
      description: "Downlink: posts to large rooms and to everyone",
      environment: { FAN_OUT_DEAD_LETTERS_URL: deadLetters.queueUrl },
      // One whole CPU: signing and sending posts is what it does.
      memorySize: 1769,
      timeout,
      // A task counts its own rounds, and may have more of them than Lambda lets pass: 14 and three tries.
      recursiveLoop: RecursiveLoop.ALLOW,
      rights: {
        connections: ["GetItem", "Scan", "DeleteItem"],
        rooms: ["GetItem", "UpdateItem", "DeleteItem", "Query"],
        messages: ["Query"],
        payloads: ["GetObject"],
        looks: true,
        tasks: true,
      },
    });
    deadLetters.grant(fanOut, "sqs:SendMessage");
    // One task each: the pace is that of one worker. Their number bounds the rate of all together.
    feed(queue, fanOut, { batchSize: 1, maxConcurrency: workersFor(props.postsPerSecond) });
  }
}
