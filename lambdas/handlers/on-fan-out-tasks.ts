import { taskOf } from "../adapters/sqs/fan-out-queue.ts";
import type { FanOutDeps, runTask } from "../domain/fan-out/run-task.ts";
import { processRecords, type QueueEvent, type QueueResult } from "./queue-event.ts";

/**
 * The fan-out queue: each message is a task. A task whose lease another worker holds returns to the queue, as that worker
 * may die.
 */
export const onTasks =
  (deps: () => FanOutDeps, run: typeof runTask) =>
  async (event: QueueEvent): Promise<QueueResult> =>
    processRecords(event, "fan-out task", (body) => run(deps(), taskOf(body)));
