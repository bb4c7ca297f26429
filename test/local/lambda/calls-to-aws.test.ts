import { expect, onTestFinished, test } from "vitest";
import { recordEvents } from "../../../local/eventbridge/recorded-events.ts";
import { eventBridgeService } from "../../../local/eventbridge/service.ts";
import { startAwsEndpoint } from "../../../local/host/aws-endpoint.ts";
import { createIam } from "../../../local/iam/iam.ts";
import { createRecursionGuard } from "../../../local/lambda/event-source/recursion-guard.ts";
import { createLambda } from "../../../local/lambda/functions.ts";
import { createQueues } from "../../../local/sqs/queues.ts";
import { sqsService } from "../../../local/sqs/service.ts";
import { resolveStack } from "../../../local/template/stack.ts";
import { noFaults } from "../../../local/world/faults.ts";
import { createInvocations } from "../../../local/world/invocations.ts";
import { createLogs } from "../../../local/world/logs.ts";
import { assemblyOf, policyDocument, smallResources } from "../support/small-template.ts";

test("a function calls SQS and EventBridge at the local endpoint, and its calls belong to its invocation", async () => {
  const { Function: fn, ...others } = smallResources();
  const Variables = { QUEUE_URL: { Ref: "Queue" } };
  const grants = policyDocument({ Effect: "Allow", Action: ["sqs:SendMessage", "events:PutEvents"], Resource: "*" });
  const stack = resolveStack(
    assemblyOf({
      ...others,
      Function: {
        Type: "AWS::Lambda::Function",
        Properties: { ...fn?.Properties, Handler: "index.sendAndPut", Environment: { Variables } },
      },
      Grants: { Type: "AWS::IAM::Policy", Properties: { Roles: [{ Ref: "Role" }], PolicyDocument: grants } },
      Queue: { Type: "AWS::SQS::Queue", Properties: {} },
    }),
  );
  const iam = createIam(stack);
  const invocations = createInvocations(noFaults());
  const recursionGuard = createRecursionGuard(invocations.chainOf);
  const events = recordEvents(() => {});
  const sent: string[] = [];
  const request = async (operation: string, input: object) => {
    if (operation === "SendMessage" && "MessageBody" in input) sent.push(String(input.MessageBody));
    const MD5OfMessageBody = "5d41402abc4b2a76b9719d911017c592";
    return { status: 200, body: JSON.stringify({ QueueUrl: "http://sqs/1/queue", MessageId: "m1", MD5OfMessageBody }) };
  };
  const sqs = { url: Promise.resolve("http://sqs"), request, close: async () => {} };
  const services = {
    AmazonSQS: sqsService({
      deployment: stack,
      queues: createQueues(stack, sqs),
      onSent: recursionGuard.recordSent,
    }),
    AWSEvents: eventBridgeService(stack, events),
  };
  const aws = await startAwsEndpoint({ iam, invocations, services });
  onTestFinished(aws.close);
  const serviceUrls = { gateway: "http://127.0.0.1:1", aws: aws.url, s3: "http://127.0.0.1:2" };
  const logs = createLogs();
  const lambda = createLambda({
    ...{ stack, serviceUrls, logs, invocations, maxEnvironments: 1 },
    credentialsOf: iam.principalOfFunction,
  });
  onTestFinished(lambda.close);

  expect(await lambda.invoke("Function", {}, { Function: 3 })).toEqual({ ok: true, payload: 0 });
  expect(sent).toEqual(["hello"]);
  expect(events.all).toMatchObject([{ detailType: "Sent", detail: { a: 1 } }]);
  expect(invocations.all).toMatchObject([{ calls: ["sqs:SendMessage", "events:PutEvents"] }]);
  expect(recursionGuard.chainOf("m1")).toEqual({ Function: 3 });
  // The SDK prints no warning about the host of the queue URL.
  expect(logs.lines).toEqual([]);
});
