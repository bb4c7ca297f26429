import { Duration, RemovalPolicy } from "aws-cdk-lib";
import type { DownlinkStackProps } from "../lib/index.ts";

const prefix = "downlink:";

/** Reads one setting; it comes from cdk.json as JSON or from `cdk -c name=value` as text. */
type Read<T> = (value: unknown, key: string) => T;

const text: Read<string> = (value, key) => {
  if (typeof value === "string" && value !== "") return value;
  throw wrong(key, "some text", value);
};
const list: Read<string[]> = (value, key) => {
  if (Array.isArray(value) && value.every((item) => typeof item === "string")) return value;
  if (typeof value === "string") return value.split(",").map((item) => item.trim());
  throw wrong(key, "a list of texts, or one text with commas", value);
};
const number: Read<number> = (value, key) => {
  const parsed = typeof value === "string" && value.trim() !== "" ? Number(value) : value;
  if (typeof parsed === "number" && Number.isFinite(parsed)) return parsed;
  throw wrong(key, "a number", value);
};
const hours: Read<Duration> = (value, key) => Duration.seconds(Math.round(number(value, key) * 3600));
const seconds: Read<Duration> = (value, key) => Duration.seconds(number(value, key));
const removalPolicy: Read<RemovalPolicy> = (value, key) => {
  if (value === "retain") return RemovalPolicy.RETAIN;
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
 * The stack's props from the context's `downlink:…` settings. What is not set keeps the default of `DownlinkProps`.
 *
 * @throws Error for a setting that does not exist or has a value of the wrong kind
 */
export function readSettings(context: Record<string, unknown>): DownlinkStackProps {
  const props: DownlinkStackProps[] = [];
  for (const [key, value] of Object.entries(context)) {
    if (!key.startsWith(prefix)) continue;
    const read = settings.get(key.slice(prefix.length));
    if (!read) {
      const known = [...settings.keys()].map((name) => prefix + name);
      throw new Error(`the setting ${key} does not exist, there are ${known.join(", ")}`);
    }
    props.push(read(value, key));
  }
  return Object.assign({}, ...props);
}

const wrong = (key: string, allowed: string, got: unknown) =>
  new Error(`the setting ${key} should be ${allowed}, got ${JSON.stringify(got)}; see cdk.json`);
