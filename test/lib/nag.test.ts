import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Stack } from "aws-cdk-lib";
import { Role, ServicePrincipal } from "aws-cdk-lib/aws-iam";
import { AwsSolutionsChecks } from "cdk-nag";
import { expect, test, vi } from "vitest";
import { Downlink, DownlinkStack } from "../../lib/index.ts";
import { newApp } from "./synthesize.ts";

test.each([
  ["in DownlinkStack", () => new DownlinkStack(newApp(), "Downlink")],
  [
    "in another app's stack with a known account and Region",
    () => {
      const stack = new Stack(newApp(), "Other", { env: { account: "123456789012", region: "eu-central-1" } });
      new Downlink(stack, "Push");
      return stack;
    },
  ],
])("AwsSolutions has no unsuppressed findings %s", (_, make) => {
  const findings = new AwsSolutionsChecks()
    .validateScope(make())
    .violations.flatMap(({ ruleName, violatingResources }) =>
      violatingResources.map(({ constructPath }) => `${ruleName} ${constructPath}`),
    );
  expect(findings).toEqual([]);
});

test("CloudFormation's own rules have no findings", () => {
  const app = newApp();
  new DownlinkStack(app, "Downlink");
  vi.stubEnv("CDK_VALIDATION", undefined);
  const report = join(app.synth().directory, "validation-report.json");
  vi.unstubAllEnvs();
  expect(JSON.parse(readFileSync(report, "utf8"))).toMatchObject({ pluginReports: [] });
}, 120_000);

test("AwsSolutions finds a role that is too permissive", () => {
  const stack = new DownlinkStack(newApp(), "Downlink");
  const permissive = new Role(stack, "Permissive", { assumedBy: new ServicePrincipal("lambda.amazonaws.com") });
  stack.downlink.tables.rooms.grantFullAccess(permissive);
  const { violations } = new AwsSolutionsChecks().validateScope(stack);
  expect(violations.map(({ ruleName }) => ruleName)).toEqual(["AwsSolutions-IAM5[Action::dynamodb:*]"]);
});
