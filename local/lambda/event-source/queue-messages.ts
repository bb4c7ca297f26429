import { outputOf } from "../../http/json-response.ts";
import type { EventSourceQueue } from "./event-source-queue.ts";

/** A message in the output of `ReceiveMessage`. */
export interface Message {
  MessageId: string;
  ReceiptHandle: string;
  Body: string;
  MD5OfBody: string;
  Attributes?: Record<string, string>;
  MessageAttributes?: Record<string, MessageAttribute>;
}
interface MessageAttribute {
  DataType: string;
  StringValue?: string;
  BinaryValue?: string;
}

/** SQS' limit of messages in one request. */
const maxMessagesPerRequest = 10;

/**
 * Receives messages without waiting for new ones.
 *
 * @param max SQS returns at most 10, even if it is higher
 */
export async function receive(queue: EventSourceQueue, max: number): Promise<Message[]> {
  const names = { MessageAttributeNames: ["All"], MessageSystemAttributeNames: ["All"] };
  const input = { MaxNumberOfMessages: Math.min(max, maxMessagesPerRequest), WaitTimeSeconds: 0, ...names };
  const { Messages } = outputOf(await queue.request("ReceiveMessage", input), queue.logicalId);
  return (Messages as Message[] | undefined) ?? [];
}

export async function deleteMessages(queue: EventSourceQueue, messages: readonly Message[]): Promise<void> {
  for (let from = 0; from < messages.length; from += maxMessagesPerRequest) {
    const Entries = messages
      .slice(from, from + maxMessagesPerRequest)
      .map(({ ReceiptHandle }, index) => ({ Id: String(index), ReceiptHandle }));
    outputOf(await queue.request("DeleteMessageBatch", { Entries }), queue.logicalId);
  }
}

/** Sends a copy of a message to another queue. */
export async function sendCopy(queue: EventSourceQueue, { Body, MessageAttributes }: Message): Promise<void> {
  const input = { MessageBody: Body, ...(MessageAttributes && { MessageAttributes }) };
  outputOf(await queue.request("SendMessage", input), queue.logicalId);
}

/** The event that Lambda passes to a function for a batch of messages. */
export const batchEvent = ({ arn }: EventSourceQueue, messages: readonly Message[]) => ({
  Records: messages.map(({ MessageId, ReceiptHandle, Body, MD5OfBody, Attributes = {}, MessageAttributes = {} }) => ({
    messageId: MessageId,
    receiptHandle: ReceiptHandle,
    body: Body,
    attributes: Attributes,
    messageAttributes: Object.fromEntries(
      Object.entries(MessageAttributes).map(([name, { DataType, StringValue, BinaryValue }]) => [
        name,
        {
          ...(StringValue !== undefined && { stringValue: StringValue }),
          ...(BinaryValue !== undefined && { binaryValue: BinaryValue }),
          stringListValues: [],
          binaryListValues: [],
          dataType: DataType,
        },
      ]),
    ),
    md5OfBody: MD5OfBody,
    eventSource: "aws:sqs",
    eventSourceARN: arn,
    awsRegion: arn.split(":")[3],
  })),
});
