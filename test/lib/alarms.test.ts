import { describe, expect, test } from "vitest";
import { readable, resourcesOf, synthesize } from "./synthesize.ts";

const topic = "arn:aws:sns:eu-central-1:123456789012:oncall";
const alarmsOf = (template: ReturnType<typeof synthesize>) =>
  Object.values(resourcesOf(template, "AWS::CloudWatch::Alarm")).map(({ Properties }) => Properties);

test("an alarm goes off when Lambda throttles any of the functions", () => {
  const template = synthesize();
  const [alarm, ...others] = alarmsOf(template).filter(({ Metrics }) => Metrics !== undefined);
  expect(others).toEqual([]);
  expect(alarm).toMatchObject({ Threshold: 1, EvaluationPeriods: 1, TreatMissingData: "notBreaching" });
  const [sum, ...throttles] = alarm.Metrics;
  // Functions without invocations report no data, which must not hide the throttles of the others.
  expect(sum).toMatchObject({ Expression: "SUM(FILL(METRICS(), 0))" });
  expect(throttles.map(({ MetricStat }: { MetricStat: { Stat: string } }) => MetricStat.Stat)).toEqual(
    Array(6).fill("Sum"),
  );
  const names = throttles.map(
    ({
      MetricStat: { Metric },
    }: {
      MetricStat: { Metric: { MetricName: string; Dimensions: { Value: unknown }[] } };
    }) => {
      expect(Metric.MetricName).toBe("Throttles");
      return readable(template, Metric.Dimensions[0]?.Value);
    },
  );
  expect(names.toSorted()).toEqual([
    "<FanOut/FanOut>",
    "<PushApi/Poll>",
    "<PushApi/Push>",
    "<Redelivery/Redeliver>",
    "<SocketApi/Authorize>",
    "<SocketApi/Socket>",
  ]);
});

describe("alarmTopicArn", () => {
  test("receives all alarms", () => {
    const alarms = alarmsOf(synthesize({ alarmTopicArn: topic }));
    expect(alarms).toHaveLength(5);
    for (const { AlarmActions } of alarms) expect(AlarmActions).toEqual([topic]);
  });

  test("is optional: without it, alarms have no action", () => {
    for (const { AlarmActions } of alarmsOf(synthesize())) expect(AlarmActions).toBeUndefined();
  });

  test.each(["oncall", "arn:aws:sqs:eu-central-1:123456789012:oncall", ""])("refuses %j", (alarmTopicArn) => {
    expect(() => synthesize({ alarmTopicArn })).toThrow(
      `alarmTopicArn should be the ARN of an SNS topic, like ${topic}, got ${JSON.stringify(alarmTopicArn)}`,
    );
  });
});
