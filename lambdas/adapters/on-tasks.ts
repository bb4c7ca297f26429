import type { FanOutDeps, runTask } from "../domain/fan-out/run-task.ts";
import { taskOf } from "./fan-out-queue.ts";
import { logError } from "./log.ts";
import type { QueueEvent, QueueResult } from "./queue-event.ts";

/** The fan-out queue: each message is a task. One that somebody else works at comes back later, as that one may die. */
export const onTasks =
  (deps: () => FanOutDeps, run: typeof runTask) =>
  async ({ Records }: QueueEvent): Promise<QueueResult> => {
    const results = await Promise.allSettled(Records.map(async ({ body }) => run(deps(), taskOf(body))));
    const back = Records.filter((_, i) => {
      const result = results[i];
      if (result?.status === "rejected") logError("fan-out", result.reason);
      return result?.status === "rejected" || result?.value === "taken";
    });
    return { batchItemFailures: back.map(({ messageId }) => ({ itemIdentifier: messageId })) };
  };
