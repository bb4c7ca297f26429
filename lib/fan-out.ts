import { Duration } from "aws-cdk-lib";
import type { Alarm } from "aws-cdk-lib/aws-cloudwatch";
import { RecursiveLoop } from "aws-cdk-lib/aws-lambda";
import type { Queue } from "aws-cdk-lib/aws-sqs";
import { Construct } from "constructs";
import { fanOutWorkers } from "./rate-budget.ts";
import { type RoomProps, roomFunction } from "./room-function.ts";
import { addConsumer, type WorkQueue, workQueue } from "./work-queue.ts";

// A worker starts no post after 22 s. A post with its three retries may take another 13 s.
const timeout = Duration.seconds(40);

/** Fan-out to large rooms and to everyone: a queue of tasks, each for a part of the members, and its workers. */
export class FanOut extends Construct {
  readonly tasks: Queue;
  readonly deadLetters: Queue;
  /** Goes off when a task is dead-lettered: its posts are refused permanently, or it failed ten times. */
  readonly deadLettersAlarm: Alarm;
  /** Goes off when a task waits for 15 minutes. */
  readonly lateAlarm: Alarm;
  private readonly work: WorkQueue;

  constructor(scope: Construct, id: string) {
    super(scope, id);
    this.work = workQueue(this, "Tasks", {
      timeout,
      // A task whose lease another worker holds returns to the queue as well, without a failure.
      maxReceiveCount: 10,
      // A frame of 128 KB takes twice its size inside a task.
      maxMessageSizeBytes: 1024 * 1024,
      deadLettersDescription:
        "Downlink: a fan-out task is in the dead-letter queue, because posts to some members were refused repeatedly or the task failed 10 times. Some members of a large room have not received a message. Read the log of the FanOut function, remove the cause, then retry",
      // After a worker crashes, its task returns to the queue within four minutes.
      lateAfter: Duration.minutes(15),
      lateDescription:
        "Downlink: a fan-out task has waited for 15 minutes, so members of large rooms receive messages late. If the FanOut function runs, there is more to post than postsPerSecond allows: raise it within the API Gateway quota (npx cdk deploy -c downlink:postsPerSecond=<number>). Otherwise find the cause in its log and its Throttles metric",
    });
    this.tasks = this.work.queue;
    this.deadLetters = this.work.deadLetters;
    this.deadLettersAlarm = this.work.deadLettersAlarm;
    this.lateAlarm = this.work.lateAlarm;
  }

  /** Separate from the constructor, because the stage that it posts to needs the queue first. */
  addFunction(props: RoomProps): void {
    const { queue, deadLetters } = this.work;
    const fanOut = roomFunction(this, "FanOut", props, {
      entry: "fan-out",
      description: "Downlink: fan-out worker that posts messages to large rooms and to everyone",
      environment: { FAN_OUT_DEAD_LETTERS_URL: deadLetters.queueUrl },
      // One whole CPU: the worker spends its time on signing and sending posts.
      memorySize: 1769,
      timeout,
      // Tasks count their own hops and may have more than Lambda allows: 14, and three retries.
      recursiveLoop: RecursiveLoop.ALLOW,
      rights: {
        connections: ["GetItem", "Scan", "DeleteItem"],
        rooms: ["GetItem", "UpdateItem", "DeleteItem", "Query"],
        messages: ["Query"],
        payloads: ["GetObject"],
        ackChecks: true,
        fanOutTasks: true,
      },
    });
    deadLetters.grant(fanOut, "sqs:SendMessage");
    // The rate limit applies per worker, so each has one task at a time and their number bounds the total rate.
    addConsumer(queue, fanOut, { batchSize: 1, maxConcurrency: fanOutWorkers(props.postsPerSecond) });
  }
}
