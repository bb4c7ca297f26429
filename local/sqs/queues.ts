import { type JsonResponse, outputOf } from "../http/json-response.ts";
import type { Stack } from "../template/stack.ts";
import { type QueueSpec, readQueueSpecs } from "./queue-specs.ts";
import type { SqsServer } from "./server.ts";

/** The queues of the template. */
export interface Queues {
  /** @param arnOrUrl the host of a URL is not compared */
  find(arnOrUrl: string): Queue | undefined;
  /** Resolves when all queues exist. Rejects if SQS rejects a queue. Requests to a queue wait for it. */
  ready: Promise<unknown>;
}

/** A queue that exists on the server. */
export interface Queue extends QueueSpec {
  /**
   * Sends a request to SQS.
   *
   * @param input without `QueueUrl`, which is added
   */
  request(operation: string, input: object): Promise<JsonResponse>;
  /** Registers a listener for new messages; `delayMs` is the time until they can be received. */
  onArrival(listener: (delayMs: number) => void): void;
  /** Calls the listeners of `onArrival`. */
  notifyArrival(delayMs: number): void;
}

/**
 * Creates the queues of the template on the server, or sets the attributes of existing queues. Returns at once, so that
 * the rest of the runtime starts at the same time.
 *
 * @throws if a queue uses a property that the local runtime does not support
 */
export function createQueues(stack: Stack, server: SqsServer): Queues {
  const specs = readQueueSpecs(stack);
  const ready = createAll(specs, server);
  ready.catch(() => {});
  const queues = specs.map((spec) => createQueue(spec, server, async () => (await ready).get(spec.name)));
  return { find: (arnOrUrl) => queues.find(({ name }) => name === nameIn(arnOrUrl)), ready };
}

const nameIn = (arnOrUrl: string) => arnOrUrl.split(arnOrUrl.startsWith("arn:") ? ":" : "/").at(-1);

function createQueue(spec: QueueSpec, server: SqsServer, findUrl: () => Promise<string | undefined>): Queue {
  const listeners: ((delayMs: number) => void)[] = [];
  return {
    ...spec,
    request: async (operation, input) => server.request(operation, { ...input, QueueUrl: await findUrl() }),
    onArrival: (listener) => void listeners.push(listener),
    notifyArrival: (delayMs) => {
      for (const listener of listeners) listener(delayMs);
    },
  };
}

/** @returns the queues' URLs by name */
async function createAll(specs: readonly QueueSpec[], server: SqsServer): Promise<ReadonlyMap<string, string>> {
  const urls = new Map<string, string>();
  const create = async ({ logicalId, name }: QueueSpec) => {
    const response = await server.request("CreateQueue", { QueueName: name });
    urls.set(name, String(outputOf(response, `${logicalId}: the queue was not created`).QueueUrl));
  };
  await Promise.all(specs.map(create));
  await Promise.all(specs.map((spec) => setAttributes(spec, server, urls)));
  return urls;
}

async function setAttributes(spec: QueueSpec, server: SqsServer, urls: ReadonlyMap<string, string>): Promise<void> {
  const { logicalId, name, attributes, deadLetterQueueArn, maxReceiveCount } = spec;
  const Attributes = { ...attributes };
  if (deadLetterQueueArn !== undefined) {
    const deadLetterTargetArn = await arnOnServer(spec, deadLetterQueueArn, server, urls);
    Attributes.RedrivePolicy = JSON.stringify({ deadLetterTargetArn, maxReceiveCount });
  }
  const response = await server.request("SetQueueAttributes", { QueueUrl: urls.get(name), Attributes });
  outputOf(response, `${logicalId}: the queue's attributes were not set`);
}

/** The server's ARN of a dead-letter queue: its account or Region can differ from those of the template. */
async function arnOnServer(
  { logicalId }: QueueSpec,
  deadLetterQueueArn: string,
  server: SqsServer,
  urls: ReadonlyMap<string, string>,
): Promise<string | undefined> {
  const QueueUrl = urls.get(nameIn(deadLetterQueueArn) ?? "");
  if (QueueUrl === undefined) {
    throw new Error(
      `${logicalId}: RedrivePolicy should name a queue of the template as deadLetterTargetArn, got ${deadLetterQueueArn}`,
    );
  }
  const response = await server.request("GetQueueAttributes", { QueueUrl, AttributeNames: ["QueueArn"] });
  const output = outputOf(response, `${logicalId}: the attributes of its dead-letter queue could not be read`);
  return (output.Attributes as Record<string, string>).QueueArn;
}
