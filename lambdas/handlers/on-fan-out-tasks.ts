import { taskOf } from "../adapters/sqs/fan-out-queue.ts";
import type { FanOutDeps, runTask } from "../domain/fan-out/run-task.ts";
import { type QueueEvent, type QueueResult, workThrough } from "./queue-event.ts";

/** The fan-out queue: each message is a task. One that somebody else works at comes back later, as that one may die. */
export const onTasks =
  (deps: () => FanOutDeps, run: typeof runTask) =>
  async (event: QueueEvent): Promise<QueueResult> =>
    workThrough(event, "fan-out", (body) => run(deps(), taskOf(body)));
