import { type Answer, json } from "../http/json-response.ts";
import type { JsonInput, JsonService } from "../http/json-service.ts";
import type { RecursionGuard } from "../lambda/event-source/recursion-guard.ts";
import type { Deployment } from "../template/physical-names.ts";
import type { Queue, Queues } from "./queues.ts";

/** Operations, and the action that each needs: those of a batch need that of one. */
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

/** Hands requests on to the template's queues, and tells whoever waits there of what was sent. */
export const sqsService = (place: Deployment, queues: Queues, recursionGuard: RecursionGuard): JsonService => ({
  name: "SQS",
  prefix: "sqs",
  requiredPermissions: (operation, { QueueUrl }) => {
    const action = actions[operation];
    return action === undefined
      ? undefined
      : [{ action: `sqs:${action}`, resource: queues.find(String(QueueUrl))?.arn ?? arnOf(place, String(QueueUrl)) }];
  },
  refuse: (message) =>
    json(
      403,
      { __type: "com.amazon.coral.service#AccessDeniedException", message },
      { "x-amzn-query-error": "AccessDenied;Sender" },
    ),
  serve: async (operation, input, { trace }) => {
    const queue = queues.find(String(input.QueueUrl));
    if (!queue) return queueMissing();
    const answer = await queue.request(operation, input);
    if (answer.status === 200) {
      recursionGuard.recordSent(sentIds(JSON.parse(answer.body || "{}")), trace);
      notifyArrivals(queue, operation, input);
    }
    return answer;
  },
});

const arnOf = ({ partition, region, accountId }: Deployment, url: string) =>
  `arn:${partition}:sqs:${region}:${accountId}:${url.split("/").at(-1)}`;

const queueMissing = (): Answer =>
  json(
    400,
    { __type: "com.amazonaws.sqs#QueueDoesNotExist", message: "The specified queue does not exist." },
    { "x-amzn-query-error": "AWS.SimpleQueueService.NonExistentQueue;Sender" },
  );

interface Sent {
  MessageId?: string;
  Successful?: { MessageId?: string }[];
}
const sentIds = ({ MessageId, Successful = [] }: Sent): string[] =>
  [MessageId, ...Successful.map((entry) => entry.MessageId)].filter((id) => id !== undefined);

/** Messages that can be received from now on, or after their delay. */
function notifyArrivals(queue: Queue, operation: string, input: JsonInput): void {
  const member = { Send: "DelaySeconds", Change: "VisibilityTimeout" }[/^(Send|Change)/.exec(operation)?.[0] ?? ""];
  if (member === undefined) return;
  const entries = (input.Entries as JsonInput[] | undefined) ?? [input];
  const seconds = entries.map((entry) => Number(entry[member] ?? queue.attributes.DelaySeconds ?? 0));
  for (const each of new Set(seconds)) queue.announce(each * 1000);
}
