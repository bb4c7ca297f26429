import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Stack } from "aws-cdk-lib";
import { Role, ServicePrincipal } from "aws-cdk-lib/aws-iam";
import { AwsSolutionsChecks } from "cdk-nag";
import { expect, test, vi } from "vitest";
import { Downlink, DownlinkStack } from "../../lib/index.ts";
import { newApp } from "./synthesize.ts";

test.each([
  ["as a stack of its own", () => new DownlinkStack(newApp(), "Downlink")],
  [
    "within somebody else's stack, for a known account and Region",
    () => {
      const stack = new Stack(newApp(), "Theirs", { env: { account: "123456789012", region: "eu-central-1" } });
      new Downlink(stack, "Push");
      return stack;
    },
  ],
])("AwsSolutions finds nothing that is not acknowledged, %s", (_, make) => {
  const findings = new AwsSolutionsChecks()
    .validateScope(make())
    .violations.flatMap(({ ruleName, violatingResources }) =>
      violatingResources.map(({ constructPath }) => `${ruleName} ${constructPath}`),
    );
  expect(findings).toEqual([]);
});

test("CloudFormation's own rules find nothing", () => {
  const app = newApp();
  new DownlinkStack(app, "Downlink");
  vi.stubEnv("CDK_VALIDATION", undefined);
  const report = join(app.synth().directory, "validation-report.json");
  vi.unstubAllEnvs();
  expect(JSON.parse(readFileSync(report, "utf8"))).toMatchObject({ pluginReports: [] });
}, 120_000);

test("AwsSolutions does find what is not acknowledged", () => {
  const stack = new DownlinkStack(newApp(), "Downlink");
  const greedy = new Role(stack, "Greedy", { assumedBy: new ServicePrincipal("lambda.amazonaws.com") });
  stack.downlink.tables.rooms.grantFullAccess(greedy);
  const { violations } = new AwsSolutionsChecks().validateScope(stack);
  expect(violations.map(({ ruleName }) => ruleName)).toEqual(["AwsSolutions-IAM5[Action::dynamodb:*]"]);
});
