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
  "in %s the defaults are above the quota",
  (region) => {
    expect(warningsIn(region)).toEqual([
      expect.stringContaining(`2500 requests a second in ${region}, 1250 at once, and the limits allow 10000 and 4500`),
    ]);
  },
);

test.each([["eu-central-1"], ["us-east-1"], [undefined]])("in %s, where they are not, nothing is said", (region) => {
  expect(warningsIn(region)).toEqual([]);
});

test("a stack for any Region is deployed to that of the credentials, which the command line knows", () => {
  vi.stubEnv("CDK_DEFAULT_REGION", "eu-central-2");
  expect(warningsIn(undefined)).toEqual([expect.stringContaining("in eu-central-2")]);
  expect(warningsIn("eu-central-1")).toEqual([]);
});

test("with the values that the warning names, nothing is said", () => {
  expect(warningsIn("eu-south-1", quarter)).toEqual([]);
  const [said] = warningsIn("eu-south-1");
  expect(said).toContain(
    "postsPerSecond 875, socketRateLimit 1125, socketBurstLimit 1125, and for pushes and polls rate and burst limits of 250",
  );
});

test.each<[string, DownlinkProps]>([
  ["a second", { ...quarter, pushRateLimit: 251 }],
  ["at once", { ...quarter, socketBurstLimit: 1_251 }],
])("one request too many %s is told", (_, props) => {
  expect(warningsIn("eu-south-1", props)).toHaveLength(1);
});
