import {
  ChangeMessageVisibilityCommand,
  DeleteMessageCommand,
  GetQueueAttributesCommand,
  PurgeQueueCommand,
  ReceiveMessageCommand,
  SendMessageBatchCommand,
  SendMessageCommand,
} from "@aws-sdk/client-sqs";
import { describe, expect, test } from "vitest";
import { createQueues } from "../../../local/sqs/queues.ts";
import { resolveStack } from "../../../local/template/stack.ts";
import { assemblyOf } from "../support/small-template.ts";
import { type Properties, queueResources, type RunningQueues, startQueues } from "../support/start-queues.ts";

const bodiesOf = async ({ client, urlOf }: RunningQueues) => {
  const command = new ReceiveMessageCommand({ QueueUrl: urlOf("Queue"), MaxNumberOfMessages: 10 });
  return ((await client.send(command)).Messages ?? []).map(({ Body }) => Body).sort();
};
const send = ({ client, urlOf }: RunningQueues, MessageBody: string, DelaySeconds?: number) =>
  client.send(new SendMessageCommand({ QueueUrl: urlOf("Queue"), MessageBody, DelaySeconds }));

describe("a queue of the template", () => {
  test("has a URL, an ARN and a name", async () => {
    const { stack } = await startQueues(queueResources({ queue: { QueueName: "checks" } }));
    expect(stack.physicalId("Queue")).toBe("https://sqs.us-east-1.amazonaws.com/000000000000/checks");
    expect(stack.arn("Queue")).toBe("arn:aws:sqs:us-east-1:000000000000:checks");
    expect(stack.attribute("Queue", "QueueName")).toBe("checks");
  });

  test("hides a received message for the visibility timeout, until it is deleted", async () => {
    const queues = await startQueues(queueResources());
    await send(queues, "a");
    const QueueUrl = queues.urlOf("Queue");
    expect(await bodiesOf(queues)).toEqual(["a"]);
    queues.clock.advance(29_999);
    expect(await bodiesOf(queues)).toEqual([]);
    queues.clock.advance(1);
    const receive = async () => {
      const { Messages = [] } = await queues.client.send(new ReceiveMessageCommand({ QueueUrl }));
      return Messages[0]?.ReceiptHandle;
    };
    const ReceiptHandle = await receive();
    await queues.client.send(new ChangeMessageVisibilityCommand({ QueueUrl, ReceiptHandle, VisibilityTimeout: 0 }));
    await queues.client.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle: await receive() }));
    expect(await queues.inQueue("Queue")).toEqual([]);
  });

  test("has the attributes of the template", async () => {
    const { client, urlOf, stack } = await startQueues(queueResources({ queue: { MessageRetentionPeriod: 60 } }));
    const command = new GetQueueAttributesCommand({ QueueUrl: urlOf("Queue"), AttributeNames: ["All"] });
    expect((await client.send(command)).Attributes).toMatchObject({
      QueueArn: stack.arn("Queue"),
      MessageRetentionPeriod: "60",
      VisibilityTimeout: "30",
      RedrivePolicy: JSON.stringify({ deadLetterTargetArn: stack.arn("DeadLetters"), maxReceiveCount: 3 }),
    });
  });

  test("delays each message by its own delay, or by that of the queue", async () => {
    const queues = await startQueues(queueResources({ queue: { DelaySeconds: 7 } }));
    const Entries = [
      { Id: "a", MessageBody: "after 2", DelaySeconds: 2 },
      { Id: "b", MessageBody: "after 7" },
    ];
    await queues.client.send(new SendMessageBatchCommand({ QueueUrl: queues.urlOf("Queue"), Entries }));
    await send(queues, "now", 0);
    expect(await bodiesOf(queues)).toEqual(["now"]);
    queues.clock.advance(2_000);
    expect(await bodiesOf(queues)).toEqual(["after 2"]);
    queues.clock.advance(4_999);
    expect(await bodiesOf(queues)).toEqual([]);
    queues.clock.advance(1);
    expect(await bodiesOf(queues)).toEqual(["after 7"]);
  });

  test("moves a message to the dead-letter queue after maxReceiveCount receives", async () => {
    const queues = await startQueues(queueResources());
    await send(queues, "a");
    for (const _ of [1, 2, 3]) {
      expect(await bodiesOf(queues)).toEqual(["a"]);
      queues.clock.advance(30_000);
    }
    expect(await bodiesOf(queues)).toEqual([]);
    expect(await queues.inQueue("DeadLetters")).toEqual(["a"]);
    expect(await queues.inQueue("Queue")).toEqual([]);
  });
});

describe("a role", () => {
  test("may use the allowed actions; others are denied with AWS' message", async () => {
    const queues = await startQueues(queueResources({ actions: ["sqs:SendMessage"] }));
    await send(queues, "a");
    await expect(bodiesOf(queues)).rejects.toMatchObject({
      name: "AccessDenied",
      message: expect.stringMatching(
        /not authorized to perform: sqs:ReceiveMessage on resource: arn:aws:sqs:us-east-1:000000000000:Small\d+-Queue-\w+ because no identity-based policy allows/,
      ),
    });
  });

  test("with a grant for one queue is denied another queue", async () => {
    const { client, urlOf } = await startQueues(queueResources());
    const elsewhere = new SendMessageCommand({ QueueUrl: urlOf("DeadLetters"), MessageBody: "a" });
    await expect(client.send(elsewhere)).rejects.toMatchObject({ name: "AccessDenied" });
  });

  test("gets an error for an operation that is not served", async () => {
    const { client, urlOf } = await startQueues(queueResources());
    await expect(client.send(new PurgeQueueCommand({ QueueUrl: urlOf("Queue") }))).rejects.toMatchObject({
      message: "the local runtime does not serve PurgeQueue of SQS",
    });
  });
});

describe("a template", () => {
  const opened = (queue: Properties, policy?: Properties) => () => {
    const QueuePolicy = { Type: "AWS::SQS::QueuePolicy", Properties: { PolicyDocument: { Statement: policy } } };
    const stack = resolveStack(assemblyOf({ ...queueResources({ queue }), ...(policy && { QueuePolicy }) }));
    const sqs = {
      url: new Promise<string>(() => {}),
      request: () => new Promise<never>(() => {}),
      close: async () => {},
    };
    return createQueues(stack, sqs);
  };
  const statement = { Action: "sqs:*", Principal: { AWS: "*" }, Resource: "*" };

  test("may deny requests without TLS", () => {
    const forTlsOnly = { ...statement, Effect: "Deny", Condition: { Bool: { "aws:SecureTransport": "false" } } };
    expect(opened({}, forTlsOnly)).not.toThrow();
  });

  test.each<[string, Properties, Properties | undefined, RegExp]>([
    [
      "a policy that allows another account",
      {},
      { ...statement, Effect: "Allow" },
      /denies requests without TLS, got \{/,
    ],
    ["a FIFO queue", { FifoQueue: true }, undefined, /Queue \(AWS::SQS::Queue\) sets FifoQueue/],
    [
      "a redrive policy without a target",
      { RedrivePolicy: { a: 1 } },
      undefined,
      /deadLetterTargetArn should be a string/,
    ],
  ])("with %s is rejected", (_, queue, policy, reason) => {
    expect(opened(queue, policy)).toThrow(reason);
  });

  test("with an attribute that SQS rejects fails to start", async () => {
    await expect(startQueues(queueResources({ queue: { DelaySeconds: 901 } }))).rejects.toThrow(
      /Queue: the queue's attributes were not set: .*DelaySeconds/,
    );
  });
});
