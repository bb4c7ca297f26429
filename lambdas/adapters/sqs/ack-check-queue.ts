import { SendMessageCommand, type SQSClient } from "@aws-sdk/client-sqs";
import type { ScheduleAckCheck } from "../../domain/model/ack-check.ts";

/** SQS delays a message by at most so much. */
const maxDelaySeconds = 900;

/** Orders looks by a delayed queue. */
export const ackCheckQueue =
  (client: Pick<SQSClient, "send">, QueueUrl: string): ScheduleAckCheck =>
  async (check, afterMs) => {
    const DelaySeconds = Math.min(maxDelaySeconds, Math.max(0, Math.ceil(afterMs / 1000)));
    await client.send(new SendMessageCommand({ QueueUrl, MessageBody: JSON.stringify(check), DelaySeconds }));
  };
