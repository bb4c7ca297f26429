import { Duration } from "aws-cdk-lib";
import { type Alarm, MathExpression, TreatMissingData } from "aws-cdk-lib/aws-cloudwatch";
import type { IFunction } from "aws-cdk-lib/aws-lambda";
import type { Construct } from "constructs";

const period = Duration.minutes(1);

/** Goes off when Lambda throttles one of the functions. */
export function throttleAlarm(scope: Construct, id: string, functions: readonly IFunction[]): Alarm {
  const throttles = functions.map((fn) => fn.metricThrottles({ period, statistic: "Sum" }));
  return new MathExpression({
    // A function without invocations has no data points, and without FILL the sum would have none either.
    expression: "SUM(FILL(METRICS(), 0))",
    usingMetrics: Object.fromEntries(throttles.map((metric, i) => [`throttles${i}`, metric])),
    label: "Throttles of all functions of Downlink",
    period,
  }).createAlarm(scope, id, {
    alarmDescription:
      "Downlink: Lambda throttled a function, because all concurrent executions of the account are in use. Handshakes, frames, polls and pushes may fail, and messages may be late. Request more concurrent executions: aws service-quotas request-service-quota-increase --service-code lambda --quota-code L-B99A9384 --desired-value <number>. Until then, lower postsPerSecond and redeliveryConcurrency, which use some of them",
    threshold: 1,
    evaluationPeriods: 1,
    treatMissingData: TreatMissingData.NOT_BREACHING,
  });
}
