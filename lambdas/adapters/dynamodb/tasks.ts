import type { TaskProgress, Tasks } from "../../domain/model/fan-out-task.ts";
import { noOutcomes } from "../../domain/model/outcomes.ts";
import { isExpired, pushExpiry, seconds } from "./expiry.ts";
import { taskKey } from "./keys.ts";
import { assignmentOf, type Table } from "./table.ts";

/** Progress of fan-out tasks as rows of the Rooms table. */
export const tasksIn = (table: Table, now: () => number): Tasks => ({
  async acquire({ messageId, roomId, taskId, to }, worker, leaseExpiresAtMs) {
    const key = taskKey(messageId, roomId, taskId);
    const mine = { ":worker": worker, ":leaseExpiresAtMs": leaseExpiresAtMs };
    // An expired row may be of an earlier message with the same id.
    const started = await table.update(key, {
      update:
        "SET worker = :worker, leaseExpiresAtMs = :leaseExpiresAtMs, expiresAt = :expiresAt, ofPart = :ofPart REMOVE #after, outcomes, retryTaskCount, doneAtMs",
      condition: `attribute_not_exists(expiresAt) OR ${isExpired}`,
      names: { "#after": "after" },
      values: {
        ...mine,
        ":expiresAt": pushExpiry(now()),
        ":ofPart": "of" in to,
        ":now": seconds(now()),
      },
      returns: "ALL_NEW",
    });
    if (started !== "refused") return progressOf(started);
    const takenOver = await table.update(key, {
      update: "SET worker = :worker, leaseExpiresAtMs = :leaseExpiresAtMs",
      condition:
        "attribute_not_exists(doneAtMs) AND (attribute_not_exists(leaseExpiresAtMs) OR leaseExpiresAtMs < :nowMs)",
      values: { ...mine, ":nowMs": now() },
      returns: "ALL_NEW",
    });
    if (takenOver !== "refused") return progressOf(takenOver);
    return (await table.get(key))?.doneAtMs === undefined ? "taken" : "done";
  },

  async record({ messageId, roomId, taskId }, worker, { after, outcomes, retryTaskCount, doneAtMs, leaseExpiresAtMs }) {
    const { set, names, values } = assignmentOf({ after, outcomes, retryTaskCount, doneAtMs, leaseExpiresAtMs });
    // Without a lease the task is free for any worker.
    const release = leaseExpiresAtMs === undefined ? " REMOVE leaseExpiresAtMs, worker" : "";
    const recorded = await table.update(taskKey(messageId, roomId, taskId), {
      update: `SET ${set}${release}`,
      condition: "worker = :worker",
      names,
      values: { ...values, ":worker": worker },
    });
    return recorded === "refused" ? "lost" : "recorded";
  },
});

/** The progress in a task's row. */
export function progressOf(row: Record<string, unknown>): TaskProgress {
  const { after, outcomes = noOutcomes(), retryTaskCount, doneAtMs, leaseExpiresAtMs } = row as Partial<TaskProgress>;
  return {
    outcomes,
    ...(after !== undefined && { after }),
    ...(retryTaskCount !== undefined && { retryTaskCount }),
    ...(doneAtMs !== undefined && { doneAtMs }),
    ...(leaseExpiresAtMs !== undefined && { leaseExpiresAtMs }),
  };
}
