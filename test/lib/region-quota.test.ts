import { Stack } from "aws-cdk-lib";
import { Annotations, Match } from "aws-cdk-lib/assertions";
import { beforeEach, expect, test, vi } from "vitest";
import { Downlink, type DownlinkProps } from "../../lib/index.ts";
import { newApp } from "./synthesize.ts";

beforeEach(() => void vi.stubEnv("CDK_DEFAULT_REGION", undefined));

function warningsIn(region: string | undefined, props?: DownlinkProps): string[] {
  const stack = new Stack(newApp(), "Stack", region === undefined ? {} : { env: { region } });
  new Downlink(stack, "Downlink", props);
  return Annotations.fromStack(stack)
    .findWarning("*", Match.anyValue())
    .map(({ entry }) => String(entry.data));
}

const quarter = {
  postsPerSecond: 875,
  pushRateLimit: 250,
  pushBurstLimit: 250,
  pollRateLimit: 250,
  pollBurstLimit: 250,
  socketRateLimit: 1_125,
  socketBurstLimit: 1_125,
};

test.each(["af-south-1", "eu-south-1", "mx-central-1", "ca-west-1"])(
  "in %s the defaults exceed the quota",
  (region) => {
    expect(warningsIn(region)).toEqual([
      expect.stringContaining(
        `In ${region}, API Gateway accepts 2500 requests a second and bursts of 1250, but the configured limits allow 10000 and 4500.`,
      ),
    ]);
  },
);

test.each([["eu-central-1"], ["us-east-1"], [undefined]])("in %s the defaults cause no warning", (region) => {
  expect(warningsIn(region)).toEqual([]);
});

test("a stack without a Region is checked against the Region of the credentials", () => {
  vi.stubEnv("CDK_DEFAULT_REGION", "eu-central-2");
  expect(warningsIn(undefined)).toEqual([expect.stringContaining("In eu-central-2,")]);
  expect(warningsIn("eu-central-1")).toEqual([]);
});

test("the limits that the warning recommends cause no warning", () => {
  expect(warningsIn("eu-south-1", quarter)).toEqual([]);
  const [warning] = warningsIn("eu-south-1");
  expect(warning).toContain(
    "postsPerSecond 875, socketRateLimit 1125, socketBurstLimit 1125, and rate and burst limits of 250 for pushes and for polls",
  );
});

test.each<[string, DownlinkProps]>([
  ["per second", { ...quarter, pushRateLimit: 251 }],
  ["in a burst", { ...quarter, socketBurstLimit: 1_251 }],
])("one request too many %s causes the warning", (_, props) => {
  expect(warningsIn("eu-south-1", props)).toHaveLength(1);
});
