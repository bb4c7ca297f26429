import { type JsonResponse, json } from "../http/json-response.ts";
import type { JsonInput, JsonService } from "../http/json-service.ts";
import { arnOf, type Deployment } from "../template/deployment.ts";
import type { Queue, Queues } from "./queues.ts";

/** The served operations and the IAM action of each. A batch operation needs the action of the single operation. */
const actions: Record<string, string> = {
  SendMessage: "SendMessage",
  SendMessageBatch: "SendMessage",
  ReceiveMessage: "ReceiveMessage",
  DeleteMessage: "DeleteMessage",
  DeleteMessageBatch: "DeleteMessage",
  ChangeMessageVisibility: "ChangeMessageVisibility",
  ChangeMessageVisibilityBatch: "ChangeMessageVisibility",
  GetQueueAttributes: "GetQueueAttributes",
};

export interface SqsServiceOptions {
  deployment: Deployment;
  queues: Queues;
  /** Called with the ids of messages that were sent, and with the trace header of the function that sent them. */
  onSent: (messageIds: readonly string[], trace: string | undefined) => void;
}

/** SQS: forwards authorized requests to the queues of the template, and reports new messages to their listeners. */
export const sqsService = ({ deployment, queues, onSent }: SqsServiceOptions): JsonService => ({
  name: "SQS",
  prefix: "sqs",
  requiredPermissions: (operation, { QueueUrl }) => {
    const action = actions[operation];
    if (action === undefined) return undefined;
    const resource = queues.find(String(QueueUrl))?.arn ?? arnFromUrl(deployment, String(QueueUrl));
    return [{ action: `sqs:${action}`, resource }];
  },
  accessDenied: (message) =>
    json(
      403,
      { __type: "com.amazon.coral.service#AccessDeniedException", message },
      { "x-amzn-query-error": "AccessDenied;Sender" },
    ),
  serve: async (operation, input, { trace }) => {
    const queue = queues.find(String(input.QueueUrl));
    if (!queue) return queueDoesNotExist();
    const response = await queue.request(operation, input);
    if (response.status === 200) {
      onSent(sentIds(JSON.parse(response.body || "{}")), trace);
      notifyArrivals(queue, operation, input);
    }
    return response;
  },
});

const arnFromUrl = (deployment: Deployment, url: string) => arnOf(deployment, "sqs", url.split("/").at(-1) ?? "");

const queueDoesNotExist = (): JsonResponse =>
  json(
    400,
    { __type: "com.amazonaws.sqs#QueueDoesNotExist", message: "The specified queue does not exist." },
    { "x-amzn-query-error": "AWS.SimpleQueueService.NonExistentQueue;Sender" },
  );

/** The output of `SendMessage` or `SendMessageBatch`. */
interface Sent {
  MessageId?: string;
  Successful?: { MessageId?: string }[];
}
const sentIds = ({ MessageId, Successful = [] }: Sent): string[] =>
  [MessageId, ...Successful.map((entry) => entry.MessageId)].filter((id) => id !== undefined);

/** Notifies the queue's listeners of messages that can be received now or after their delay. */
function notifyArrivals(queue: Queue, operation: string, input: JsonInput): void {
  const delayMember = { Send: "DelaySeconds", Change: "VisibilityTimeout" }[
    /^(Send|Change)/.exec(operation)?.[0] ?? ""
  ];
  if (delayMember === undefined) return;
  const entries = (input.Entries as JsonInput[] | undefined) ?? [input];
  const delays = entries.map((entry) => Number(entry[delayMember] ?? queue.attributes.DelaySeconds ?? 0));
  for (const seconds of new Set(delays)) queue.notifyArrival(seconds * 1000);
}
