import { Duration } from "aws-cdk-lib";
import { describe, expect, test } from "vitest";
import { responseTimeoutMs } from "../../lambdas/adapters/api-gateway/gateway.ts";
import { taskBudgetMs } from "../../lambdas/domain/fan-out/plan.ts";
import { taskLeaseMs } from "../../lambdas/domain/fan-out/run-task.ts";
import { checkBudgetMs } from "../../lambdas/domain/redelivery/check-room.ts";
import { type Resource, readable, resourcesOf, synthesize } from "./synthesize.ts";

const template = synthesize();
const queues = new Map(
  Object.entries(resourcesOf(template, "AWS::SQS::Queue")).map(([id, queue]) => [
    readable(template, { Ref: id }),
    queue,
  ]),
);
const mappings = Object.values(resourcesOf(template, "AWS::Lambda::EventSourceMapping"));
const functions = resourcesOf(template, "AWS::Lambda::Function");

/** A queue, its dead-letter queue, its event source mapping and its function. */
function workOf(part: string, name: string) {
  const queue = queues.get(`<${part}/${name}>`) as Resource;
  const deadLetters = queues.get(`<${part}/DeadLetters>`) as Resource;
  const isItsMapping = ({ Properties }: Resource) =>
    readable(template, Properties.EventSourceArn) === `<${part}/${name}.Arn>`;
  const mapping = mappings.find(isItsMapping) as Resource;
  const fn = functions[mapping.Properties.FunctionName.Ref] as Resource;
  return { queue, deadLetters, mapping, fn };
}

test("there are two queues, each with a dead-letter queue", () => {
  expect([...queues.keys()].toSorted()).toEqual([
    "<FanOut/DeadLetters>",
    "<FanOut/Tasks>",
    "<Redelivery/AckChecks>",
    "<Redelivery/DeadLetters>",
  ]);
});

test.each([...queues])("%s is encrypted and only accepts TLS", (name, { Properties }) => {
  expect(Properties.SqsManagedSseEnabled).toBe(true);
  const [denied] = Object.values(resourcesOf(template, "AWS::SQS::QueuePolicy"))
    .filter((policy) => policy.Properties.Queues.some((queue: unknown) => readable(template, queue) === name))
    .flatMap((policy) => policy.Properties.PolicyDocument.Statement);
  expect(denied).toMatchObject({
    Effect: "Deny",
    Action: "sqs:*",
    Principal: { AWS: "*" },
    Condition: { Bool: { "aws:SecureTransport": "false" } },
  });
});

describe.each([
  {
    part: "Redelivery",
    name: "AckChecks",
    lateAfterSeconds: 1_800,
    maxReceiveCount: 5,
    batchSize: 10,
    concurrency: 5,
    function: "<Redelivery/Redeliver>",
  },
  {
    part: "FanOut",
    name: "Tasks",
    lateAfterSeconds: 900,
    maxReceiveCount: 10,
    batchSize: 1,
    concurrency: 4,
    function: "<FanOut/FanOut>",
  },
])(
  "$part/$name",
  ({ part, name, lateAfterSeconds, maxReceiveCount, batchSize, concurrency, function: functionName }) => {
    const { queue, deadLetters, mapping, fn } = workOf(part, name);

    test("has a visibility timeout of six times the function's timeout", () => {
      expect(queue.Properties.VisibilityTimeout).toBe(6 * fn.Properties.Timeout);
    });

    test(`dead-letters a message after ${maxReceiveCount} failures, for two weeks`, () => {
      const { deadLetterTargetArn, ...redrive } = queue.Properties.RedrivePolicy;
      expect(redrive).toEqual({ maxReceiveCount });
      expect(readable(template, deadLetterTargetArn)).toBe(`<${part}/DeadLetters.Arn>`);
      expect(deadLetters.Properties.MessageRetentionPeriod).toBe(Duration.days(14).toSeconds());
    });

    test(`feeds its function batches of ${batchSize} with a concurrency of ${concurrency}, and retries only failed messages`, () => {
      const { EventSourceArn: _, FunctionName, ...batching } = mapping.Properties;
      expect(readable(template, FunctionName)).toBe(functionName);
      expect(batching).toEqual({
        BatchSize: batchSize,
        FunctionResponseTypes: ["ReportBatchItemFailures"],
        ScalingConfig: { MaximumConcurrency: concurrency },
      });
    });

    test("has no loop detection: messages count their own hops, and Lambda would count per batch", () => {
      expect(fn.Properties.RecursiveLoop).toBe("Allow");
    });

    test("is readable by its function before the mapping exists", () => {
      const policies = Object.entries(resourcesOf(template, "AWS::IAM::Policy"))
        .filter(([id]) => fn.DependsOn?.includes(id))
        .map(([, { Properties }]) => JSON.stringify(Properties));
      expect(policies.some((text) => text.includes("sqs:ReceiveMessage"))).toBe(true);
    });

    test("has an alarm that goes off on the first dead-lettered message", () => {
      const alarm = Object.values(resourcesOf(template, "AWS::CloudWatch::Alarm")).find(
        ({ Properties }) =>
          readable(template, Properties.Dimensions?.[0].Value ?? "") === `<${part}/DeadLetters.QueueName>`,
      );
      expect(alarm?.Properties).toMatchObject({
        Namespace: "AWS/SQS",
        MetricName: "ApproximateNumberOfMessagesVisible",
        Statistic: "Maximum",
        Period: 60,
        EvaluationPeriods: 1,
        Threshold: 1,
        ComparisonOperator: "GreaterThanOrEqualToThreshold",
        TreatMissingData: "notBreaching",
      });
      // SQS does not know the origin of messages that a function has dead-lettered.
      expect(readable(template, alarm?.Properties.AlarmDescription)).toMatch(
        new RegExp(`--source-arn <${part}/DeadLetters.Arn> --destination-arn <${part}/${name}.Arn>$`),
      );
    });

    test("has an alarm that goes off when a message waits for longer than its delay and its visibility timeout", () => {
      const alarm = Object.values(resourcesOf(template, "AWS::CloudWatch::Alarm")).find(
        ({ Properties }) =>
          readable(template, Properties.Dimensions?.[0].Value ?? "") === `<${part}/${name}.QueueName>`,
      );
      expect(alarm?.Properties).toMatchObject({
        MetricName: "ApproximateAgeOfOldestMessage",
        Statistic: "Maximum",
        Threshold: lateAfterSeconds,
        ComparisonOperator: "GreaterThanOrEqualToThreshold",
        TreatMissingData: "notBreaching",
      });
      expect(lateAfterSeconds).toBeGreaterThan(queue.Properties.VisibilityTimeout);
    });
  },
);

describe("postsPerSecond", () => {
  test.each([
    [2, 2],
    [3_500, 4],
    [12_345, 13],
    [1_000_000, 1_000],
  ])("%i is shared by %i workers", (postsPerSecond, workers) => {
    const other = synthesize({ postsPerSecond });
    const [mapping] = Object.values(resourcesOf(other, "AWS::Lambda::EventSourceMapping")).filter(
      ({ Properties }) => Properties.BatchSize === 1,
    );
    expect(mapping?.Properties.ScalingConfig).toEqual({ MaximumConcurrency: workers });
    const [worker] = Object.values(resourcesOf(other, "AWS::Lambda::Function")).filter(
      ({ Properties }) => Properties.Environment.Variables.FAN_OUT_DEAD_LETTERS_URL !== undefined,
    );
    expect(worker?.Properties.Environment.Variables.FAN_OUT_WORKERS).toBe(String(workers));
  });

  test.each([2, 3_500, 12_345, 1_000_000])(
    "%i is divided into nine tenths for fan-out and a tenth for redelivery, which its workers share",
    (postsPerSecond) => {
      const other = synthesize({ postsPerSecond });
      const redeliver = Object.values(resourcesOf(other, "AWS::Lambda::Function"))
        .map(({ Properties }) => Properties.Environment.Variables)
        .find(({ REDELIVERIES_PER_SECOND }) => REDELIVERIES_PER_SECOND !== undefined);
      const { POSTS_PER_SECOND: fanOut, REDELIVERIES_PER_SECOND: redelivery, REDELIVERY_WORKERS: workers } = redeliver;
      expect(Number(fanOut) + Number(redelivery)).toBeCloseTo(postsPerSecond);
      expect(Number(redelivery) / postsPerSecond).toBeCloseTo(0.1);
      expect(workOf("Redelivery", "AckChecks").mapping.Properties.ScalingConfig.MaximumConcurrency).toBe(
        Number(workers),
      );
    },
  );

  test.each([1, 1_000_001, 2.5])("refuses %d", (postsPerSecond) => {
    expect(() => synthesize({ postsPerSecond })).toThrow(
      `postsPerSecond should be a whole number from 2 to 1000000, got ${postsPerSecond}`,
    );
  });
});

test("redeliveryConcurrency is the number of ack check batches that run at the same time", () => {
  const [mapping] = Object.values(
    resourcesOf(synthesize({ redeliveryConcurrency: 2 }), "AWS::Lambda::EventSourceMapping"),
  ).filter(({ Properties }) => Properties.BatchSize === 10);
  expect(mapping?.Properties.ScalingConfig).toEqual({ MaximumConcurrency: 2 });
});

test("the lease of a task is longer than the function's timeout and shorter than the visibility timeout", () => {
  const { queue, fn } = workOf("FanOut", "Tasks");
  expect(taskLeaseMs).toBeGreaterThan(1000 * fn.Properties.Timeout);
  expect(taskLeaseMs).toBeLessThan(1000 * queue.Properties.VisibilityTimeout);
});

test("tasks and ack checks stop early enough before the timeout for a post with three retries", () => {
  const slowestPostMs = 4 * responseTimeoutMs + 200 + 400 + 800;
  expect(taskBudgetMs + slowestPostMs).toBeLessThan(1000 * workOf("FanOut", "Tasks").fn.Properties.Timeout);
  expect(checkBudgetMs + slowestPostMs).toBeLessThan(1000 * workOf("Redelivery", "AckChecks").fn.Properties.Timeout);
});

test("a task may have the maximum size of SQS, because the largest frame takes twice its size in it", () => {
  const { queue } = workOf("FanOut", "Tasks");
  expect(queue.Properties.MaximumMessageSize).toBe(1_048_576);
});
