import { Annotations, Stack, Token } from "aws-cdk-lib";
import type { Construct } from "constructs";
import type { ResolvedProps } from "./downlink-props.ts";

/** Regions where the API Gateway quota is 2,500 requests a second and a burst of 1,250, not 10,000 and 5,000. */
const smallRegions = new Set([
  ...["af-south-1", "ap-south-2", "ap-southeast-3", "ap-southeast-4", "ap-southeast-5", "ap-southeast-7", "ca-west-1"],
  ...["eu-central-2", "eu-south-1", "eu-south-2", "il-central-1", "me-central-1", "mx-central-1"],
]);
const quota = { rate: 2_500, burst: 1_250 };
/** A quarter of the default rates. */
const fittingLimits =
  "postsPerSecond 875, socketRateLimit 1125, socketBurstLimit 1125, and rate and burst limits of 250 for pushes and for polls";

type Limits = Pick<
  ResolvedProps,
  | "postsPerSecond"
  | "pushRateLimit"
  | "pushBurstLimit"
  | "pollRateLimit"
  | "pollBurstLimit"
  | "socketRateLimit"
  | "socketBurstLimit"
>;

/** A stack without a Region is deployed to that of the credentials, which the CDK CLI passes in this variable. */
const regionOf = ({ region }: Stack) => (Token.isUnresolved(region) ? process.env.CDK_DEFAULT_REGION : region);

/** Warns if the configured limits exceed the default quota of the Region. */
export function warnOfQuota(scope: Construct, limits: Limits): void {
  const region = regionOf(Stack.of(scope));
  if (region === undefined || !smallRegions.has(region)) return;
  const { postsPerSecond, pushRateLimit, pollRateLimit, socketRateLimit } = limits;
  const known = (values: number[]) => values.filter((value) => !Token.isUnresolved(value));
  const rate = known([postsPerSecond, pushRateLimit, pollRateLimit, socketRateLimit]).reduce(
    (sum, value) => sum + value,
  );
  const burst = Math.max(...known([limits.pushBurstLimit, limits.pollBurstLimit, limits.socketBurstLimit]));
  if (rate <= quota.rate && burst <= quota.burst) return;
  Annotations.of(scope).addWarningV2(
    "downlink:region-quota",
    `In ${region}, API Gateway accepts ${quota.rate} requests a second and bursts of ${quota.burst}, but the configured limits allow ${rate} and ${burst}. Requests above the quota are answered 429, for all APIs of the account. Use ${fittingLimits}, or have AWS raise the quota and acknowledge this warning`,
  );
}
