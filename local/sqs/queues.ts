import type { Answer } from "../http/json-response.ts";
import type { Stack } from "../template/stack.ts";
import { type QueueSpec, readQueues } from "./queue-specs.ts";
import type { Sqs } from "./server.ts";

/** The template's queues. */
export interface Queues {
  /** By ARN or by URL, whatever its host is. */
  find(arnOrUrl: string): Queue | undefined;
  /** Rejects if SQS refuses a queue. Requests wait for it by themselves. */
  ready: Promise<unknown>;
}

export interface Queue extends QueueSpec {
  /** Any operation that has a `QueueUrl`, which is put in place. */
  request(operation: string, input: object): Promise<Answer>;
  /** Calls back when something was sent, with the time until it can be received. */
  onArrival(look: (afterMs: number) => void): void;
  announce(afterMs: number): void;
}

/**
 * Creates the queues, or sets the attributes of those that are there. The start of the rest does not wait for it.
 *
 * @throws if the template uses what these queues do not do
 */
export function createQueues(stack: Stack, sqs: Sqs): Queues {
  const specs = readQueues(stack);
  const ready = createAll(specs, sqs);
  ready.catch(() => {});
  const queues = specs.map((spec) => queueAt(spec, sqs, async () => (await ready).get(spec.name)));
  return { find: (arnOrUrl) => queues.find(({ name }) => name === nameIn(arnOrUrl)), ready };
}

const nameIn = (arnOrUrl: string) => arnOrUrl.split(arnOrUrl.startsWith("arn:") ? ":" : "/").at(-1);

function queueAt(spec: QueueSpec, sqs: Sqs, findUrl: () => Promise<string | undefined>): Queue {
  const looks: ((afterMs: number) => void)[] = [];
  return {
    ...spec,
    request: async (operation, input) => sqs.request(operation, { ...input, QueueUrl: await findUrl() }),
    onArrival: (look) => void looks.push(look),
    announce: (afterMs) => {
      for (const look of looks) look(afterMs);
    },
  };
}

/** @returns the queues' URLs by their names */
async function createAll(specs: readonly QueueSpec[], sqs: Sqs): Promise<ReadonlyMap<string, string>> {
  const urls = new Map<string, string>();
  const create = async ({ logicalId, name }: QueueSpec) => {
    const answer = await sqs.request("CreateQueue", { QueueName: name });
    urls.set(name, String(outputOf(answer, `${logicalId}: the queue was not created`).QueueUrl));
  };
  const setAttributes = async ({ logicalId, name, attributes, deadLetterQueueArn, maxReceiveCount }: QueueSpec) => {
    const Attributes = { ...attributes };
    if (deadLetterQueueArn !== undefined) {
      const QueueUrl = urls.get(nameIn(deadLetterQueueArn) ?? "");
      if (QueueUrl === undefined) throw new Error(`${logicalId}: the template has no dead-letter queue ${deadLetterQueueArn}`);
      const asked = await sqs.request("GetQueueAttributes", { QueueUrl, AttributeNames: ["QueueArn"] });
      const { QueueArn } = outputOf(asked, `${logicalId}: its dead-letter queue`).Attributes as Record<string, string>;
      Attributes.RedrivePolicy = JSON.stringify({ deadLetterTargetArn: QueueArn, maxReceiveCount });
    }
    const set = await sqs.request("SetQueueAttributes", { QueueUrl: urls.get(name), Attributes });
    outputOf(set, `${logicalId}: the queue's attributes were not set`);
  };
  await Promise.all(specs.map(create));
  await Promise.all(specs.map(setAttributes));
  return urls;
}

/** @throws with what SQS says, if it refuses */
export function outputOf({ status, body }: Answer, what: string): Record<string, unknown> {
  if (status !== 200) throw new Error(`${what}: ${body}`);
  return JSON.parse(body || "{}");
}
