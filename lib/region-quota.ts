import { Annotations, Stack, Token } from "aws-cdk-lib";
import type { Construct } from "constructs";
import type { ResolvedProps } from "./downlink-props.ts";

/** Where an account has 2,500 requests a second and 1,250 at once for API Gateway, not 10,000 and 5,000. */
const smallRegions = new Set([
  ...["af-south-1", "ap-south-2", "ap-southeast-3", "ap-southeast-4", "ap-southeast-5", "ap-southeast-7", "ca-west-1"],
  ...["eu-central-2", "eu-south-1", "eu-south-2", "il-central-1", "me-central-1", "mx-central-1"],
]);
const quota = { rate: 2_500, burst: 1_250 };
/** A quarter of the defaults; what may come at once, less. */
const fitting =
  "postsPerSecond 875, socketRateLimit 1125, socketBurstLimit 1125, and for pushes and polls rate and burst limits of 250";

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

/** A stack for any Region goes where the CDK's command line has its credentials for, and that says so to the app. */
const regionOf = ({ region }: Stack) => (Token.isUnresolved(region) ? process.env.CDK_DEFAULT_REGION : region);

/** Warns where the limits let more through than the Region's quota, unless it was raised: what is beyond is answered 429. */
export function warnOfQuota(scope: Construct, limits: Limits): void {
  const region = regionOf(Stack.of(scope));
  if (region === undefined || !smallRegions.has(region)) return;
  const { postsPerSecond, pushRateLimit, pollRateLimit, socketRateLimit } = limits;
  const known = (values: number[]) => values.filter((value) => !Token.isUnresolved(value));
  const rate = known([postsPerSecond, pushRateLimit, pollRateLimit, socketRateLimit]).reduce((sum, one) => sum + one);
  const burst = Math.max(...known([limits.pushBurstLimit, limits.pollBurstLimit, limits.socketBurstLimit]));
  if (rate <= quota.rate && burst <= quota.burst) return;
  Annotations.of(scope).addWarningV2(
    "downlink:region-quota",
    `API Gateway takes ${quota.rate} requests a second in ${region}, ${quota.burst} at once, and the limits allow ${rate} and ${burst}: more than the quota is answered 429, whoever it is for. Use ${fitting}; or have the quota raised and acknowledge this`,
  );
}
