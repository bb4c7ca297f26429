import { SendMessageCommand, type SQSClient } from "@aws-sdk/client-sqs";
import type { ScheduleLook } from "../../domain/model/ack-check.ts";

/** SQS delays a message by at most so much. */
const longestDelaySeconds = 900;

/** Orders looks by a delayed queue. */
export const lookQueue =
  (client: Pick<SQSClient, "send">, QueueUrl: string): ScheduleLook =>
  async (look, afterMs) => {
    const DelaySeconds = Math.min(longestDelaySeconds, Math.max(0, Math.ceil(afterMs / 1000)));
    await client.send(new SendMessageCommand({ QueueUrl, MessageBody: JSON.stringify(look), DelaySeconds }));
  };
