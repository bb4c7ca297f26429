import { Duration } from "aws-cdk-lib";
import { type Alarm, MathExpression, TreatMissingData } from "aws-cdk-lib/aws-cloudwatch";
import type { IFunction } from "aws-cdk-lib/aws-lambda";
import type { Construct } from "constructs";

const period = Duration.minutes(1);

/** Goes off when Lambda did not run one of the functions at once. */
export function throttleAlarm(scope: Construct, id: string, functions: readonly IFunction[]): Alarm {
  const throttles = functions.map((fn) => fn.metricThrottles({ period, statistic: "Sum" }));
  return new MathExpression({
    // A function that nobody calls reports nothing, and nothing would be the sum.
    expression: "SUM(FILL(METRICS(), 0))",
    usingMetrics: Object.fromEntries(throttles.map((metric, i) => [`throttles${i}`, metric])),
    label: "Throttles of Downlink's functions",
    period,
  }).createAlarm(scope, id, {
    alarmDescription:
      "Downlink: the account runs as many Lambda functions as it may, so handshakes, frames and pushes were refused. Ask AWS for more concurrent executions; until then lower postsPerSecond and redeliveryConcurrency, which hold some",
    threshold: 1,
    evaluationPeriods: 1,
    treatMissingData: TreatMissingData.NOT_BREACHING,
  });
}
