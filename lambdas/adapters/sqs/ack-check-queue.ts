import { SendMessageCommand, type SQSClient } from "@aws-sdk/client-sqs";
import type { ScheduleAckCheck } from "../../domain/model/ack-check.ts";

/** Limit of SQS's `DelaySeconds`. A check that is due later starts early, and schedules itself again. */
const maxDelaySeconds = 900;

/** Schedules ack checks as delayed SQS messages: the check as JSON. Delays are rounded up to whole seconds. */
export const ackCheckQueue =
  (client: Pick<SQSClient, "send">, QueueUrl: string): ScheduleAckCheck =>
  async (check, afterMs) => {
    const DelaySeconds = Math.min(maxDelaySeconds, Math.max(0, Math.ceil(afterMs / 1000)));
    await client.send(new SendMessageCommand({ QueueUrl, MessageBody: JSON.stringify(check), DelaySeconds }));
  };
