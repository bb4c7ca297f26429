import { SQSClient } from "@aws-sdk/client-sqs";
import { afterAll, onTestFinished } from "vitest";
import { startAwsEndpoint } from "../../../local/host/aws-endpoint.ts";
import { createIam } from "../../../local/iam/iam.ts";
import { startMappings } from "../../../local/lambda/event-source/mappings.ts";
import { createRecursionGuard } from "../../../local/lambda/event-source/recursion-guard.ts";
import type { Outcome } from "../../../local/lambda/execution/environment.ts";
import { createQueues } from "../../../local/sqs/queues.ts";
import { startSqs } from "../../../local/sqs/server.ts";
import { sqsService } from "../../../local/sqs/service.ts";
import type { TemplateResource } from "../../../local/template/assembly.ts";
import { resolveStack, type Stack } from "../../../local/template/stack.ts";
import { type Faults, noFaults } from "../../../local/world/faults.ts";
import { createInvocations } from "../../../local/world/invocations.ts";
import { type ManualClock, manualClock } from "./manual-clock.ts";
import { assemblyOf, policyDocument, smallResources } from "./small-template.ts";

type Resources = Record<string, TemplateResource>;
export type Properties = Record<string, unknown>;

/** The parts of a batch event that the tests use. */
export interface Batch {
  Records: { messageId: string; body: string; attributes: Record<string, string> }[];
}
/** The function. A thrown error is its failure. */
export type Handler = (batch: Batch, send: Send) => unknown;
/** Sends a message from within the invocation. */
export type Send = (body: string, delaySeconds?: number) => Promise<unknown>;

const everyAction = [
  "sqs:SendMessage",
  "sqs:ReceiveMessage",
  "sqs:DeleteMessage",
  "sqs:GetQueueAttributes",
  "sqs:ChangeMessageVisibility",
];

/** A function, a queue that invokes it (with `mapping`), and a dead-letter queue. */
export function queueResources(
  changes: { queue?: Properties; mapping?: Properties; fn?: Properties; actions?: string[] } = {},
): Resources {
  const { Function: fn, ...others } = smallResources();
  return {
    ...others,
    Function: { Type: "AWS::Lambda::Function", Properties: { ...fn?.Properties, ...changes.fn } },
    Queue: {
      Type: "AWS::SQS::Queue",
      Properties: {
        VisibilityTimeout: 30,
        SqsManagedSseEnabled: true,
        RedrivePolicy: { deadLetterTargetArn: { "Fn::GetAtt": ["DeadLetters", "Arn"] }, maxReceiveCount: 3 },
        ...changes.queue,
      },
    },
    DeadLetters: { Type: "AWS::SQS::Queue", Properties: { MessageRetentionPeriod: 1_209_600 } },
    QueueGrants: {
      Type: "AWS::IAM::Policy",
      Properties: {
        Roles: [{ Ref: "Role" }],
        PolicyDocument: policyDocument({
          Effect: "Allow",
          Action: changes.actions ?? everyAction,
          Resource: { "Fn::GetAtt": ["Queue", "Arn"] },
        }),
      },
    },
    ...(changes.mapping && {
      Mapping: {
        Type: "AWS::Lambda::EventSourceMapping",
        Properties: {
          EventSourceArn: { "Fn::GetAtt": ["Queue", "Arn"] },
          FunctionName: { Ref: "Function" },
          ...changes.mapping,
        },
      },
    }),
  };
}

export interface RunningQueues {
  stack: Stack;
  clock: ManualClock;
  faults: Faults;
  /** Signs with the credentials of the function. */
  client: SQSClient;
  /** The queue URL in the function's environment. */
  urlOf(logicalId: string): string;
  send: Send;
  /** Sends messages in order before the function receives any of them. */
  sendAll(bodies: readonly string[]): Promise<void>;
  /** Sends a message to the server directly, without notifying the mapping. */
  sendUnnoticed(body: string): Promise<void>;
  /** Resolves when no request is in progress. */
  settled(): Promise<void>;
  /** Moves the time in small steps until the function has received `count` batches. */
  advanceUntilGets(count: number): Promise<string[][]>;
  /** The bodies of the batches that the function received, oldest first. */
  batches: string[][];
  /** Resolves with all batches when there are `count`. */
  gets(count: number): Promise<string[][]>;
  /** The bodies of all messages in a queue, in any state, without receiving them. */
  inQueue(logicalId: string): Promise<string[]>;
  logs: string[];
}

// One server for all tests of a file, because it loads slowly. Each test has queues of its own.
const clock = manualClock();
const sqs = startSqs(clock);
afterAll(sqs.close);
let stacks = 0;

/** Runs the queues of a template until the test ends. Its function is `handler`. */
export async function startQueues(resources: Resources, handler: Handler = () => undefined): Promise<RunningQueues> {
  stacks += 1;
  const stack = resolveStack({ ...assemblyOf(resources), stackName: `Small${stacks}` });
  const faults = noFaults();
  const logs: string[] = [];
  const iam = createIam(stack);
  const invocations = createInvocations(faults);
  const recursionGuard = createRecursionGuard(invocations.chainOf);
  const queues = createQueues(stack, sqs);
  await queues.ready;
  const services = { AmazonSQS: sqsService({ deployment: stack, queues, onSent: recursionGuard.recordSent }) };
  const aws = await startAwsEndpoint({ iam, invocations, services });
  onTestFinished(aws.close);

  const config = {
    endpoint: aws.url,
    region: stack.region,
    credentials: iam.principalOfFunction("Function"),
    maxAttempts: 1,
  };
  const client = new SQSClient(config);
  onTestFinished(() => client.destroy());
  const urlOf = (logicalId: string) => stack.physicalId(logicalId).replace(/^https:\/\/[^/]+/, aws.url);
  const sendWith =
    (trace?: string): Send =>
    async (MessageBody, DelaySeconds) =>
      services.AmazonSQS.serve(
        "SendMessage",
        { QueueUrl: urlOf("Queue"), MessageBody, ...(DelaySeconds !== undefined && { DelaySeconds }) },
        { body: "", trace },
      );

  const sendUnnoticed = async (MessageBody: string) => {
    const { status } = (await queues.find(stack.arn("Queue"))?.request("SendMessage", { MessageBody })) ?? {};
    if (status !== 200) throw new Error(`SendMessage should succeed, got ${status}`);
  };
  // Requests in progress complete before these sequential ones.
  const settled = async () => {
    for (let n = 0; n < 5; n += 1) await queues.find(stack.arn("Queue"))?.request("GetQueueAttributes", {});
  };
  const batches: string[][] = [];
  const waiting = new Set<() => void>();
  const mappings = startMappings({
    ...{ stack, queues, recursionGuard, iam, clock, faults, log: (line: string) => logs.push(line) },
    lambda: {
      invoke: async (functionId, event, chain = {}): Promise<Outcome> => {
        const batch = event as Batch;
        batches.push(batch.Records.map(({ body }) => body));
        for (const check of waiting) check();
        const invocation = invocations.begin(functionId, chain, () => {});
        try {
          const payload = (await handler(batch, sendWith(invocation.trace))) ?? null;
          return { ok: true, payload: JSON.parse(JSON.stringify(payload)) };
        } catch (error) {
          return { ok: false, reason: "threw", errorType: "Error", errorMessage: String(error) };
        } finally {
          invocation.end("returned");
        }
      },
    },
  });
  onTestFinished(mappings.close);
  return {
    ...{ stack, clock, faults, client, urlOf, send: sendWith(), sendUnnoticed, settled, batches, logs },
    sendAll: async (bodies) => {
      // The first poll must be over, or it could receive the first message alone.
      await settled();
      for (const body of bodies) await sendUnnoticed(body);
      clock.advance(1_000);
    },
    advanceUntilGets: async (count) => {
      while (batches.length < count) {
        await settled();
        clock.advance(100);
      }
      return batches;
    },
    gets: (count) =>
      new Promise((resolve) => {
        const check = () => {
          if (batches.length < count) return;
          waiting.delete(check);
          resolve(batches);
        };
        waiting.add(check);
        check();
      }),
    inQueue: async (logicalId) => {
      const name = stack.attribute(logicalId, "QueueName");
      const response = await fetch(`${await sqs.url}/_fauxqs/queues/${name}`);
      const { messages } = (await response.json()) as { messages: InQueue };
      return [...messages.ready, ...messages.delayed, ...messages.inflight.map(({ message }) => message)]
        .map(({ body }) => body)
        .sort();
    },
  };
}

interface InQueue {
  ready: { body: string }[];
  delayed: { body: string }[];
  inflight: { message: { body: string } }[];
}
