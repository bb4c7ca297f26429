import type { Answer } from "../aws/answer.ts";
import type { Stack } from "../stack.ts";
import type { Sqs } from "./open-sqs.ts";
import { type QueueSpec, readQueues } from "./read-queues.ts";

/** The template's queues. */
export interface Queues {
  /** By ARN or by URL, whatever its host is. */
  find(arnOrUrl: string): Queue | undefined;
}

export interface Queue extends QueueSpec {
  /** Any operation that has a `QueueUrl`, which is put in place. */
  request(operation: string, input: object): Promise<Answer>;
  /** Calls back when something was sent, with the time until it can be received. */
  onArrival(look: (afterMs: number) => void): void;
  announce(afterMs: number): void;
}

/**
 * Creates the queues, or sets the attributes of those that are there.
 *
 * @throws if SQS refuses one
 */
export async function openQueues(stack: Stack, sqs: Sqs): Promise<Queues> {
  const queues = await Promise.all(
    readQueues(stack).map(async (spec) => {
      const { QueueUrl } = await created(sqs, spec);
      return queueAt(spec, sqs, String(QueueUrl));
    }),
  );
  const find = (arnOrUrl: string) => {
    const name = arnOrUrl.split(arnOrUrl.startsWith("arn:") ? ":" : "/").at(-1);
    return queues.find((queue) => queue.name === name);
  };
  await Promise.all(queues.map((queue) => setAttributes(queue, find)));
  return { find };
}

function queueAt(spec: QueueSpec, sqs: Sqs, QueueUrl: string): Queue {
  const looks: ((afterMs: number) => void)[] = [];
  return {
    ...spec,
    request: (operation, input) => sqs.request(operation, { ...input, QueueUrl }),
    onArrival: (look) => void looks.push(look),
    announce: (afterMs) => {
      for (const look of looks) look(afterMs);
    },
  };
}

const created = async (sqs: Sqs, { logicalId, name }: QueueSpec) =>
  output(await sqs.request("CreateQueue", { QueueName: name }), `${logicalId}: the queue was not created`);

async function setAttributes(queue: Queue, find: Queues["find"]): Promise<void> {
  const { logicalId, attributes, deadLetters, maxReceiveCount } = queue;
  const Attributes = { ...attributes };
  if (deadLetters !== undefined) {
    const target = find(deadLetters);
    if (!target) throw new Error(`${logicalId}: its dead-letter queue ${deadLetters} is not in the template`);
    const asked = await target.request("GetQueueAttributes", { AttributeNames: ["QueueArn"] });
    const { QueueArn } = output(asked, `${logicalId}: its dead-letter queue`).Attributes as Record<string, string>;
    Attributes.RedrivePolicy = JSON.stringify({ deadLetterTargetArn: QueueArn, maxReceiveCount });
  }
  output(await queue.request("SetQueueAttributes", { Attributes }), `${logicalId}: the queue's attributes`);
}

/** @throws with what SQS says, if it refuses */
export function output({ status, body }: Answer, what: string): Record<string, unknown> {
  if (status !== 200) throw new Error(`${what}: ${body}`);
  return JSON.parse(body || "{}");
}
