import { Duration } from "aws-cdk-lib";
import { describe, expect, test } from "vitest";
import { type Resource, readable, resourcesOf, synthesize } from "./synthesize.ts";

const template = synthesize();
const queues = new Map(
  Object.entries(resourcesOf(template, "AWS::SQS::Queue")).map(([id, queue]) => [
    readable(template, { Ref: id }),
    queue,
  ]),
);
const looks = queues.get("<Redelivery/Looks>") as Resource;
const deadLetters = queues.get("<Redelivery/DeadLetters>") as Resource;
const [mapping] = Object.values(resourcesOf(template, "AWS::Lambda::EventSourceMapping")) as [Resource];
const redeliver = resourcesOf(template, "AWS::Lambda::Function")[mapping.Properties.FunctionName.Ref] as Resource;

describe("the queue of looks", () => {
  test("hides a look for six times as long as the function may take", () => {
    expect(looks.Properties.VisibilityTimeout).toBe(6 * redeliver.Properties.Timeout);
  });

  test("puts aside what failed five times, for two weeks", () => {
    const { deadLetterTargetArn, maxReceiveCount } = looks.Properties.RedrivePolicy;
    expect(maxReceiveCount).toBe(5);
    expect(readable(template, deadLetterTargetArn)).toBe("<Redelivery/DeadLetters.Arn>");
    expect(deadLetters.Properties.MessageRetentionPeriod).toBe(Duration.days(14).toSeconds());
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

  test("there is no other", () => {
    expect([...queues.keys()].toSorted()).toEqual(["<Redelivery/DeadLetters>", "<Redelivery/Looks>"]);
  });
});

describe("the function", () => {
  test("gets looks ten at a time, at few places at once, and gives back those that failed", () => {
    const { EventSourceArn, FunctionName, ...how } = mapping.Properties;
    expect(readable(template, EventSourceArn)).toBe("<Redelivery/Looks.Arn>");
    expect(readable(template, FunctionName)).toBe("<Redelivery/Redeliver>");
    expect(how).toEqual({
      BatchSize: 10,
      FunctionResponseTypes: ["ReportBatchItemFailures"],
      ScalingConfig: { MaximumConcurrency: 5 },
    });
  });

  test("may read the queue before Lambda reads it for it", () => {
    const policies = Object.entries(resourcesOf(template, "AWS::IAM::Policy"))
      .filter(([, { Properties }]) => JSON.stringify(Properties).includes("sqs:ReceiveMessage"))
      .map(([id]) => id);
    expect(policies).toHaveLength(1);
    expect(redeliver.DependsOn).toEqual(expect.arrayContaining(policies));
  });
});

test("an alarm goes off as soon as a look was put aside", () => {
  const [alarm] = Object.values(resourcesOf(template, "AWS::CloudWatch::Alarm")) as [Resource];
  expect(alarm.Properties).toMatchObject({
    Namespace: "AWS/SQS",
    MetricName: "ApproximateNumberOfMessagesVisible",
    Statistic: "Maximum",
    Period: 60,
    EvaluationPeriods: 1,
    Threshold: 1,
    ComparisonOperator: "GreaterThanOrEqualToThreshold",
    TreatMissingData: "notBreaching",
  });
  const [queue] = alarm.Properties.Dimensions;
  expect([queue.Name, readable(template, queue.Value)]).toEqual(["QueueName", "<Redelivery/DeadLetters.QueueName>"]);
});
