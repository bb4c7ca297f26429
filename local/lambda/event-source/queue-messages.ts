import { outputOf, type Queue } from "../../sqs/queues.ts";

/** A message as SQS gives it. */
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

/** What SQS gives and takes at once. */
const maxBatchEntries = 10;

/** @param max of which SQS gives 10 at once */
export async function receive(queue: Queue, max: number): Promise<Message[]> {
  const names = { MessageAttributeNames: ["All"], MessageSystemAttributeNames: ["All"] };
  const input = { MaxNumberOfMessages: Math.min(max, maxBatchEntries), WaitTimeSeconds: 0, ...names };
  const { Messages } = outputOf(await queue.request("ReceiveMessage", input), queue.logicalId);
  return (Messages as Message[] | undefined) ?? [];
}

export async function remove(queue: Queue, messages: readonly Message[]): Promise<void> {
  for (let from = 0; from < messages.length; from += maxBatchEntries) {
    const Entries = messages
      .slice(from, from + maxBatchEntries)
      .map(({ ReceiptHandle }, index) => ({ Id: String(index), ReceiptHandle }));
    outputOf(await queue.request("DeleteMessageBatch", { Entries }), queue.logicalId);
  }
}

/** Puts a copy into another queue. */
export async function sendCopy(queue: Queue, { Body, MessageAttributes }: Message): Promise<void> {
  const input = { MessageBody: Body, ...(MessageAttributes && { MessageAttributes }) };
  outputOf(await queue.request("SendMessage", input), queue.logicalId);
}

/** The event that a function gets for a batch. */
export const batchEvent = ({ arn }: Queue, messages: readonly Message[]) => ({
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
