import { Duration } from "aws-cdk-lib";
import { describe, expect, test } from "vitest";
import { responseTimeoutMs } from "../../lambdas/adapters/api-gateway/gateway.ts";
import { taskBudgetMs } from "../../lambdas/domain/fan-out/plan.ts";
import { leaseMs } from "../../lambdas/domain/fan-out/run-task.ts";
import { budgetMs } from "../../lambdas/domain/redelivery/check-room.ts";
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

/** A queue with all that belongs to it. */
function workOf(part: string, name: string) {
  const queue = queues.get(`<${part}/${name}>`) as Resource;
  const deadLetters = queues.get(`<${part}/DeadLetters>`) as Resource;
  const isOurs = ({ Properties }: Resource) =>
    readable(template, Properties.EventSourceArn) === `<${part}/${name}.Arn>`;
  const mapping = mappings.find(isOurs) as Resource;
  const fn = functions[mapping.Properties.FunctionName.Ref] as Resource;
  return { queue, deadLetters, mapping, fn };
}

test("there are two, each with its dead letters", () => {
  expect([...queues.keys()].toSorted()).toEqual([
    "<FanOut/DeadLetters>",
    "<FanOut/Tasks>",
    "<Redelivery/DeadLetters>",
    "<Redelivery/Looks>",
  ]);
});

test.each([...queues])("%s is encrypted and speaks TLS only", (name, { Properties }) => {
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
    name: "Looks",
    lateAfterSeconds: 1_800,
    redeliveries: 5,
    batchSize: 10,
    places: 5,
    function: "<Redelivery/Redeliver>",
  },
  {
    part: "FanOut",
    name: "Tasks",
    lateAfterSeconds: 900,
    redeliveries: 10,
    batchSize: 1,
    places: 4,
    function: "<FanOut/FanOut>",
  },
])("$part/$name", ({ part, name, lateAfterSeconds, redeliveries, batchSize, places, function: functionName }) => {
  const { queue, deadLetters, mapping, fn } = workOf(part, name);

  test("hides an order for six times as long as the function may take", () => {
    expect(queue.Properties.VisibilityTimeout).toBe(6 * fn.Properties.Timeout);
  });

  test(`puts aside what failed ${redeliveries} times, for two weeks`, () => {
    const { deadLetterTargetArn, maxReceiveCount } = queue.Properties.RedrivePolicy;
    expect(maxReceiveCount).toBe(redeliveries);
    expect(readable(template, deadLetterTargetArn)).toBe(`<${part}/DeadLetters.Arn>`);
    expect(deadLetters.Properties.MessageRetentionPeriod).toBe(Duration.days(14).toSeconds());
  });

  test(`gives its function ${batchSize} at a time, at ${places} places at once, and takes back those that failed`, () => {
    const { EventSourceArn: _, FunctionName, ...how } = mapping.Properties;
    expect(readable(template, FunctionName)).toBe(functionName);
    expect(how).toEqual({
      BatchSize: batchSize,
      FunctionResponseTypes: ["ReportBatchItemFailures"],
      ScalingConfig: { MaximumConcurrency: places },
    });
  });

  test("is not taken for a loop: its orders count their own rounds, and Lambda would count those of a batch", () => {
    expect(fn.Properties.RecursiveLoop).toBe("Allow");
  });

  test("may be read by its function before Lambda reads it for it", () => {
    const policies = Object.entries(resourcesOf(template, "AWS::IAM::Policy"))
      .filter(([id]) => fn.DependsOn?.includes(id))
      .map(([, { Properties }]) => JSON.stringify(Properties));
    expect(policies.some((text) => text.includes("sqs:ReceiveMessage"))).toBe(true);
  });

  test("has an alarm that goes off as soon as something was put aside", () => {
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
    // SQS cannot tell where a message came from that a function has put aside.
    expect(readable(template, alarm?.Properties.AlarmDescription)).toMatch(
      new RegExp(`--source-arn <${part}/DeadLetters.Arn> --destination-arn <${part}/${name}.Arn>$`),
    );
  });

  test("has an alarm that goes off when an order waits for longer than it may be delayed, or comes back", () => {
    const alarm = Object.values(resourcesOf(template, "AWS::CloudWatch::Alarm")).find(
      ({ Properties }) => readable(template, Properties.Dimensions?.[0].Value ?? "") === `<${part}/${name}.QueueName>`,
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
});

describe("postsPerSecond", () => {
  test.each([
    [2, 2],
    [3_500, 4],
    [12_345, 13],
    [1_000_000, 1_000],
  ])("%i are shared by %i workers", (postsPerSecond, workers) => {
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
    "%i are nine tenths for large rooms and a tenth for what is sent again, by as many workers as there may be",
    (postsPerSecond) => {
      const other = synthesize({ postsPerSecond });
      const redeliver = Object.values(resourcesOf(other, "AWS::Lambda::Function"))
        .map(({ Properties }) => Properties.Environment.Variables)
        .find(({ RESENDS_PER_SECOND }) => RESENDS_PER_SECOND !== undefined);
      const { POSTS_PER_SECOND: first, RESENDS_PER_SECOND: again, REDELIVER_WORKERS: workers } = redeliver;
      expect(Number(first) + Number(again)).toBeCloseTo(postsPerSecond);
      expect(Number(again) / postsPerSecond).toBeCloseTo(0.1);
      expect(workOf("Redelivery", "Looks").mapping.Properties.ScalingConfig.MaximumConcurrency).toBe(Number(workers));
    },
  );

  test.each([1, 1_000_001, 2.5])("%d is refused", (postsPerSecond) => {
    expect(() => synthesize({ postsPerSecond })).toThrow(
      `postsPerSecond should be a whole number from 2 to 1000000, got ${postsPerSecond}`,
    );
  });
});

test("redeliveryConcurrency is how many looks' batches are worked on at once", () => {
  const [mapping] = Object.values(
    resourcesOf(synthesize({ redeliveryConcurrency: 2 }), "AWS::Lambda::EventSourceMapping"),
  ).filter(({ Properties }) => Properties.BatchSize === 10);
  expect(mapping?.Properties.ScalingConfig).toEqual({ MaximumConcurrency: 2 });
});

test("a worker has a task for itself longer than its function may take, and no longer than the queue hides it", () => {
  const { queue, fn } = workOf("FanOut", "Tasks");
  expect(leaseMs).toBeGreaterThan(1000 * fn.Properties.Timeout);
  expect(leaseMs).toBeLessThan(1000 * queue.Properties.VisibilityTimeout);
});

test("rounds and looks are over in good time before their functions: a post that is tried four times takes seconds", () => {
  const slowestPostMs = 4 * responseTimeoutMs + 200 + 400 + 800;
  expect(taskBudgetMs + slowestPostMs).toBeLessThan(1000 * workOf("FanOut", "Tasks").fn.Properties.Timeout);
  expect(budgetMs + slowestPostMs).toBeLessThan(1000 * workOf("Redelivery", "Looks").fn.Properties.Timeout);
});

test("a task may be as large as SQS allows: the largest frame takes twice its size in it", () => {
  const { queue } = workOf("FanOut", "Tasks");
  expect(queue.Properties.MaximumMessageSize).toBe(1_048_576);
});
