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

/** As much of a batch as the tests look at. */
export interface Batch {
  Records: { messageId: string; body: string; attributes: Record<string, string> }[];
}
/** What a function returns; what it throws is its failure. */
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

/** A function, a queue that feeds it, and a dead-letter queue. */
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
  /** Signs as the function. */
  client: SQSClient;
  /** As the function's environment has it. */
  urlOf(logicalId: string): string;
  send: Send;
  /** Sends one after the other, before the function gets any of them. */
  sendAll(bodies: readonly string[]): Promise<void>;
  /** Sends past this runtime. */
  sendAround(body: string): Promise<void>;
  /** Resolves when nothing more happens without time. */
  settled(): Promise<void>;
  /** Lets time pass in small steps until there are so many batches. */
  advanceUntilGets(count: number): Promise<string[][]>;
  /** Bodies of the batches that the function got, oldest first. */
  batches: string[][];
  /** Resolves with all batches once there are so many. */
  gets(count: number): Promise<string[][]>;
  /** Messages in a queue, in whatever state, without touching them. */
  inQueue(logicalId: string): Promise<string[]>;
  logs: string[];
}

// One for all tests of a file, as it takes a while to load: each test has queues with names of its own.
const clock = manualClock();
const sqs = startSqs(clock);
afterAll(sqs.close);
let stacks = 0;

/** Runs the template's queues until the test ends; its function is `handler`. */
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

  const sendAround = async (MessageBody: string) => {
    const { status } = (await queues.find(stack.arn("Queue"))?.request("SendMessage", { MessageBody })) ?? {};
    if (status !== 200) throw new Error(`SendMessage was answered with ${status}`);
  };
  // Whatever asks the queue at the moment is answered before those who ask it one after the other.
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
        for (const look of waiting) look();
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
    ...{ stack, clock, faults, client, urlOf, send: sendWith(), sendAround, settled, batches, logs },
    sendAll: async (bodies) => {
      // The first poll must be over, or it could receive the first message alone.
      await settled();
      for (const body of bodies) await sendAround(body);
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
        const look = () => {
          if (batches.length < count) return;
          waiting.delete(look);
          resolve(batches);
        };
        waiting.add(look);
        look();
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
