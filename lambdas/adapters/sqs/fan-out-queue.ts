import { SendMessageBatchCommand, type SQSClient } from "@aws-sdk/client-sqs";
import type { EnqueueTasks, FanOutTask } from "../../domain/model/fan-out-task.ts";

/** Limits of `SendMessageBatch`. */
const maxBatchEntries = 10;
const maxBatchBytes = 1024 * 1024;

/**
 * Sends fan-out tasks as SQS messages: the task as JSON, which contains the frame.
 *
 * @throws if SQS refuses a task; other tasks may be in the queue by then
 */
export const fanOutQueue =
  (client: Pick<SQSClient, "send">, QueueUrl: string): EnqueueTasks =>
  async (tasks, afterMs = 0) => {
    const DelaySeconds = Math.ceil(afterMs / 1000);
    const sent = batchesOf(tasks.map((task) => JSON.stringify(task))).map(async (bodies) => {
      const Entries = bodies.map((MessageBody, i) => ({ Id: String(i), MessageBody, DelaySeconds }));
      const { Failed = [] } = await client.send(new SendMessageBatchCommand({ QueueUrl, Entries }));
      if (Failed.length > 0) throw new Error(`SQS refused ${Failed.length} of ${Entries.length} fan-out tasks`);
    });
    await Promise.all(sent);
  };

function batchesOf(bodies: readonly string[]): string[][] {
  const batches: string[][] = [];
  let batch: string[] = [];
  let bytes = 0;
  for (const body of bodies) {
    const size = Buffer.byteLength(body);
    if (batch.length === maxBatchEntries || bytes + size > maxBatchBytes) {
      batches.push(batch);
      batch = [];
      bytes = 0;
    }
    batch.push(body);
    bytes += size;
  }
  return batch.length > 0 ? [...batches, batch] : batches;
}

/** @throws an error without the body, because the error is logged */
export function taskOf(body: string): FanOutTask {
  try {
    return JSON.parse(body);
  } catch {
    throw new Error(`a fan-out task of ${body.length} characters is not JSON`);
  }
}
