import { readFileSync } from "node:fs";
import { Duration, RemovalPolicy } from "aws-cdk-lib";
import { expect, test } from "vitest";
import { readSettings } from "../../bin/settings.ts";
import { resolveProps } from "../../lib/downlink-props.ts";

test("missing settings keep the defaults of the construct", () => {
  expect(readSettings({ "@aws-cdk/core:something": true, other: 1 })).toEqual({});
});

test("cdk.json contains the defaults", () => {
  const { context } = JSON.parse(readFileSync(new URL("../../cdk.json", import.meta.url), "utf8"));
  expect(resolveProps(readSettings(context))).toEqual(resolveProps({}));
});

test("the default rates, with an ack for each post, fit into an account's 10,000 requests a second", () => {
  const { postsPerSecond, pushRateLimit, pollRateLimit, socketRateLimit } = resolveProps({});
  expect(postsPerSecond + pushRateLimit + pollRateLimit + socketRateLimit).toBeLessThanOrEqual(10_000);
  // What remains is for handshakes, heartbeats and requests of pages.
  expect(socketRateLimit - postsPerSecond).toBeGreaterThanOrEqual(1_000);
});

test.each([
  ["stackName", "Team-Downlink", { stackName: "Team-Downlink" }],
  ["allowedOrigins", ["https://a.example"], { allowedOrigins: ["https://a.example"] }],
  [
    "allowedOrigins",
    "https://a.example, https://b.example",
    { allowedOrigins: ["https://a.example", "https://b.example"] },
  ],
  ["retentionHours", 0.5, { retention: Duration.seconds(1800) }],
  ["retentionHours", "48", { retention: Duration.seconds(172_800) }],
  ["redeliverAfterSeconds", 3, { redeliverAfter: Duration.seconds(3) }],
  ["redeliverAfterSeconds", "900", { redeliverAfter: Duration.seconds(900) }],
  ["removalPolicy", "retain", { removalPolicy: RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE }],
  ["removalPolicy", "destroy", { removalPolicy: RemovalPolicy.DESTROY }],
  ["logRetentionDays", "7", { logRetention: 7 }],
  [
    "alarmTopicArn",
    "arn:aws:sns:eu-central-1:123456789012:oncall",
    { alarmTopicArn: "arn:aws:sns:eu-central-1:123456789012:oncall" },
  ],
  ["pushRateLimit", 5, { pushRateLimit: 5 }],
  ["pushBurstLimit", "6", { pushBurstLimit: 6 }],
  ["pollRateLimit", 9, { pollRateLimit: 9 }],
  ["pollBurstLimit", "10", { pollBurstLimit: 10 }],
  ["postsPerSecond", "8000", { postsPerSecond: 8000 }],
  ["redeliveryConcurrency", "2", { redeliveryConcurrency: 2 }],
  ["socketRateLimit", 7, { socketRateLimit: 7 }],
  ["socketBurstLimit", "8", { socketBurstLimit: 8 }],
])("%s accepts %j", (name, value, props) => {
  expect(readSettings({ [`downlink:${name}`]: value })).toEqual(props);
});

test.each([
  ["stackName", "", 'downlink:stackName should be a non-empty string, got ""'],
  ["allowedOrigins", [1], "downlink:allowedOrigins should be a list of strings, or a comma-separated string, got [1]"],
  ["retentionHours", "a day", 'downlink:retentionHours should be a number, got "a day"'],
  ["retentionHours", "", 'downlink:retentionHours should be a number, got ""'],
  ["redeliverAfterSeconds", "soon", 'downlink:redeliverAfterSeconds should be a number, got "soon"'],
  ["removalPolicy", "delete", 'downlink:removalPolicy should be "retain" or "destroy", got "delete"'],
  ["logRetentionDays", null, "downlink:logRetentionDays should be a number, got null"],
  ["pushRateLimits", 5, "the setting downlink:pushRateLimits does not exist, the settings are downlink:stackName, "],
])("fails for %s %j", (name, value, message) => {
  expect(() => readSettings({ [`downlink:${name}`]: value })).toThrow(message);
});
