import { Duration, RemovalPolicy } from "aws-cdk-lib";
import type { DownlinkStackProps } from "../lib/index.ts";

const prefix = "downlink:";

/** Parses the value of a setting: JSON from cdk.json, or a string from `cdk -c name=value`. */
type Read<T> = (value: unknown, key: string) => T;

const text: Read<string> = (value, key) => {
  if (typeof value === "string" && value !== "") return value;
  throw wrong(key, "a non-empty string", value);
};
const list: Read<string[]> = (value, key) => {
  if (Array.isArray(value) && value.every((item) => typeof item === "string")) return value;
  if (typeof value === "string") return value.split(",").map((item) => item.trim());
  throw wrong(key, "a list of strings, or a comma-separated string", value);
};
const number: Read<number> = (value, key) => {
  const parsed = typeof value === "string" && value.trim() !== "" ? Number(value) : value;
  if (typeof parsed === "number" && Number.isFinite(parsed)) return parsed;
  throw wrong(key, "a number", value);
};
const hours: Read<Duration> = (value, key) => Duration.seconds(Math.round(number(value, key) * 3600));
const seconds: Read<Duration> = (value, key) => Duration.seconds(number(value, key));
const removalPolicy: Read<RemovalPolicy> = (value, key) => {
  if (value === "retain") return RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE;
  if (value === "destroy") return RemovalPolicy.DESTROY;
  throw wrong(key, '"retain" or "destroy"', value);
};

const settings = new Map<string, Read<DownlinkStackProps>>([
  ["stackName", (value, key) => ({ stackName: text(value, key) })],
  ["allowedOrigins", (value, key) => ({ allowedOrigins: list(value, key) })],
  ["retentionHours", (value, key) => ({ retention: hours(value, key) })],
  ["redeliverAfterSeconds", (value, key) => ({ redeliverAfter: seconds(value, key) })],
  ["removalPolicy", (value, key) => ({ removalPolicy: removalPolicy(value, key) })],
  ["logRetentionDays", (value, key) => ({ logRetention: number(value, key) })],
  ["alarmTopicArn", (value, key) => ({ alarmTopicArn: text(value, key) })],
  ["pushRateLimit", (value, key) => ({ pushRateLimit: number(value, key) })],
  ["pushBurstLimit", (value, key) => ({ pushBurstLimit: number(value, key) })],
  ["pollRateLimit", (value, key) => ({ pollRateLimit: number(value, key) })],
  ["pollBurstLimit", (value, key) => ({ pollBurstLimit: number(value, key) })],
  ["postsPerSecond", (value, key) => ({ postsPerSecond: number(value, key) })],
  ["redeliveryConcurrency", (value, key) => ({ redeliveryConcurrency: number(value, key) })],
  ["socketRateLimit", (value, key) => ({ socketRateLimit: number(value, key) })],
  ["socketBurstLimit", (value, key) => ({ socketBurstLimit: number(value, key) })],
]);

/**
 * Reads the stack's props from the `downlink:…` settings of the context. Missing settings keep the defaults of
 * `DownlinkProps`.
 *
 * @throws Error for an unknown setting or a value of the wrong type
 */
export function readSettings(context: Record<string, unknown>): DownlinkStackProps {
  const props: DownlinkStackProps[] = [];
  for (const [key, value] of Object.entries(context)) {
    if (!key.startsWith(prefix)) continue;
    const read = settings.get(key.slice(prefix.length));
    if (!read) {
      const known = [...settings.keys()].map((name) => prefix + name);
      throw new Error(`the setting ${key} does not exist, the settings are ${known.join(", ")}`);
    }
    props.push(read(value, key));
  }
  return Object.assign({}, ...props);
}

const wrong = (key: string, allowed: string, got: unknown) =>
  new Error(`the setting ${key} should be ${allowed}, got ${JSON.stringify(got)}; see cdk.json`);
