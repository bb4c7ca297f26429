import { Duration, Fn, RemovalPolicy, Token, Tokenization } from "aws-cdk-lib";
import { RetentionDays } from "aws-cdk-lib/aws-logs";
import type { ISecret } from "aws-cdk-lib/aws-secretsmanager";
import { limits } from "../protocol/limits.ts";

export interface DownlinkProps {
  /**
   * How long a pushed message stays in its room's log, in whole seconds from 1 minute to 30 days.
   *
   * @default Duration.hours(24)
   */
  readonly retention?: Duration;

  /**
   * How long a message waits for its ack before the first redelivery, in whole seconds from 1 second to 15 minutes. The
   * pauses before further redeliveries are multiples of it.
   *
   * @default Duration.seconds(5)
   */
  readonly redeliverAfter?: Duration;

  /**
   * Origins whose pages may connect, for example `https://app.example.com`. `["*"]` allows any origin. Clients that send
   * no `Origin` are not browsers and may always connect.
   *
   * Downlink reads no cookies, so a page of another origin needs a token to connect. With a list of origins, a leaked
   * token is useless in the pages of other sites.
   *
   * @default ["*"]
   */
  readonly allowedOrigins?: string[];

  /**
   * Signs the tokens of pages. The whole text of the secret is the HS256 key and should have 32 characters or more.
   *
   * @default - a new secret with 64 random characters
   */
  readonly tokenSecret?: ISecret;

  /**
   * What happens to the tables, the large payloads, a new token secret and the logs when they leave the stack. With
   * `DESTROY`, empty the bucket of payloads first: CloudFormation does not delete a bucket that contains objects.
   *
   * @default RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE: the data stay, but a first deployment that fails leaves nothing
   */
  readonly removalPolicy?: RemovalPolicy;

  /**
   * How long the logs of functions and APIs are kept.
   *
   * @default RetentionDays.ONE_MONTH
   */
  readonly logRetention?: RetentionDays;

  /**
   * ARN of an SNS topic that receives all alarms, for example `arn:aws:sns:eu-central-1:123456789012:oncall`.
   *
   * @default - no topic; add your own actions to `alarms`
   */
  readonly alarmTopicArn?: string;

  /**
   * Pushes per second, for all services together. Further pushes are answered 429 with code 9001.
   *
   * @default 1000
   */
  readonly pushRateLimit?: number;

  /**
   * Burst of pushes beyond `pushRateLimit`.
   *
   * @default 1000
   */
  readonly pushBurstLimit?: number;

  /**
   * Polls per second of pages without a WebSocket, for all pages together. Further polls are answered 429 with code 9001.
   *
   * @default 1000
   */
  readonly pollRateLimit?: number;

  /**
   * Burst of polls beyond `pollRateLimit`.
   *
   * @default 1000
   */
  readonly pollBurstLimit?: number;

  /**
   * Posts to connections per second, from 2 to 1,000,000. Each connection that receives a message is one post.
   *
   * - Nine tenths are for first posts to large rooms and to everyone.
   * - One tenth is for redelivery.
   *
   * Small rooms are posted to immediately and do not count.
   *
   * @default 3500, which leaves room for other requests: at `qos` 1 each post causes a frame with an ack, so a broadcast
   *   uses 7,000 of the 10,000 requests per second of an account in a Region. Its acks fit into `socketRateLimit`
   */
  readonly postsPerSecond?: number;

  /**
   * How many redelivery functions run at the same time, from 2 to 1,000. Each handles up to ten rooms at once.
   *
   * Fan-out runs one more function for each 1,000 of `postsPerSecond`, and at least 2. Leave most of the account's
   * concurrent executions to pushes and frames: a new account may have only 10.
   *
   * @default 5
   */
  readonly redeliveryConcurrency?: number;

  /**
   * Frames per second, for all pages together. API Gateway counts each kind of frame separately:
   *
   * - Acks may use seven ninths. Keep this share at or above `postsPerSecond`, because a refused ack causes a redelivery.
   * - Heartbeats, which a page sends only while no messages arrive, may use seven ninths as well.
   * - Handshakes, and each other kind of frame, may use two ninths each.
   *
   * @default 4500: 3,500 acks or heartbeats, and 1,000 handshakes or other frames. With 3,500 posts, 1,000 pushes and
   *   1,000 polls, this is the account's quota of 10,000 requests per second in a Region, unless two of the other kinds
   *   reach their limit at the same time
   */
  readonly socketRateLimit?: number;

  /**
   * Burst of frames beyond `socketRateLimit`, divided in the same way.
   *
   * @default 4500
   */
  readonly socketBurstLimit?: number;
}

/** The props with defaults applied, in the units of the template. */
export interface ResolvedProps
  extends Required<
    Omit<DownlinkProps, "tokenSecret" | "retention" | "redeliverAfter" | "allowedOrigins" | "alarmTopicArn">
  > {
  readonly alarmTopicArn: string | undefined;
  readonly retentionSeconds: string;
  /** The lifetime of large payloads in days. */
  readonly payloadDays: number;
  readonly redeliverAfterSeconds: string;
  /** Comma-separated, or `*`. */
  readonly allowedOrigins: string;
  /** The origin in responses that API Gateway itself sends to pages, or `*`. */
  readonly corsOrigin: string;
}

/** @throws Error for an invalid prop, with its value and the allowed values */
export function resolveProps(props: DownlinkProps): ResolvedProps {
  return {
    retentionSeconds: secondsOf("retention", props.retention ?? Duration.hours(24)),
    payloadDays: payloadDaysOf(props.retention ?? Duration.hours(24)),
    redeliverAfterSeconds: secondsOf("redeliverAfter", props.redeliverAfter ?? Duration.seconds(5)),
    allowedOrigins: originsOf(props.allowedOrigins ?? ["*"]),
    corsOrigin: corsOriginOf(props.allowedOrigins ?? ["*"]),
    removalPolicy: props.removalPolicy ?? RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
    logRetention: logRetentionOf(props.logRetention ?? RetentionDays.ONE_MONTH),
    alarmTopicArn: topicOf(props.alarmTopicArn),
    pushRateLimit: limitOf("pushRateLimit", props.pushRateLimit ?? 1000),
    pushBurstLimit: limitOf("pushBurstLimit", props.pushBurstLimit ?? 1000),
    pollRateLimit: limitOf("pollRateLimit", props.pollRateLimit ?? 1000),
    pollBurstLimit: limitOf("pollBurstLimit", props.pollBurstLimit ?? 1000),
    redeliveryConcurrency: concurrencyOf(props.redeliveryConcurrency ?? 5),
    postsPerSecond: postsOf(props.postsPerSecond ?? 3500),
    socketRateLimit: knownLimitOf("socketRateLimit", props.socketRateLimit ?? 4500),
    socketBurstLimit: knownLimitOf("socketBurstLimit", props.socketBurstLimit ?? 4500),
  };
}

const durations = {
  retention: {
    min: 60,
    max: limits.ttlSeconds,
    reason:
      "shorter retention ends before a page has reconnected, and a room without traffic is forgotten after 30 days",
  },
  redeliverAfter: {
    min: 1,
    max: 15 * 60,
    reason: "a distant page needs up to a second to ack, and SQS delays messages by at most 15 minutes",
  },
};

function secondsOf(name: keyof typeof durations, duration: Duration): string {
  const seconds = duration.toSeconds({ integral: false });
  const { min, max, reason } = durations[name];
  if (!duration.isUnresolved() && (seconds < min || seconds > max || !Number.isInteger(seconds))) {
    throw new Error(`${name} should be a whole number of seconds from ${min} to ${max}, got ${seconds}; ${reason}`);
  }
  return Tokenization.stringifyNumber(seconds);
}

/** S3 expires objects by whole days. One day more, so that a payload outlives every message that refers to it. */
function payloadDaysOf(retention: Duration): number {
  const seconds = retention.isUnresolved() ? limits.ttlSeconds : retention.toSeconds({ integral: false });
  return Math.ceil(seconds / (24 * 60 * 60)) + 1;
}

// Apps use their own schemes, for example capacitor://localhost.
const originPattern = /^[a-z][a-z0-9+.-]*:\/\/[a-z0-9._[\]:-]+$/;
// All environment variables of a function share 4 KB.
const originsMaxBytes = 3500;

function originsOf(origins: string[]): string {
  if (Token.isUnresolved(origins)) return Fn.join(",", origins);
  if (origins.length === 0) {
    throw new Error('allowedOrigins is empty, so no page could connect; list origins, or use ["*"] for any');
  }
  for (const origin of origins) {
    if (Token.isUnresolved(origin) || (origin === "*" && origins.length === 1) || originPattern.test(origin)) continue;
    throw new Error(
      `allowedOrigins should contain origins as browsers send them, like https://app.example.com (lower case, no path, no wildcard), or "*" alone, got ${JSON.stringify(origin)}`,
    );
  }
  const joined = origins.join(",");
  if (!Token.isUnresolved(joined) && joined.length > originsMaxBytes) {
    throw new Error(
      `allowedOrigins has ${joined.length} bytes, the maximum is ${originsMaxBytes}; the environment of a Lambda function is limited to 4 KB`,
    );
  }
  return joined;
}

/**
 * A response of API Gateway itself can allow one origin or all of them. Allowing all is safe: the poll function checks the
 * origin for poll responses, and it has the whole list.
 */
function corsOriginOf(origins: string[]): string {
  const [only = "*", ...others] = Token.isUnresolved(origins) ? [] : origins;
  return others.length === 0 ? only : "*";
}

function topicOf(arn: string | undefined): string | undefined {
  if (arn === undefined || Token.isUnresolved(arn) || /^arn:[\w-]+:sns:[\w-]+:\d{12}:[\w.-]+$/.test(arn)) return arn;
  throw new Error(
    `alarmTopicArn should be the ARN of an SNS topic, like arn:aws:sns:eu-central-1:123456789012:oncall, got ${JSON.stringify(arn)}`,
  );
}

function logRetentionOf(days: RetentionDays): RetentionDays {
  const allowed = Object.values(RetentionDays).filter((value) => typeof value === "number");
  if (Token.isUnresolved(days) || allowed.includes(days)) return days;
  throw new Error(`logRetention should be one of ${allowed.join(", ")} days (RetentionDays), got ${days}`);
}

function limitOf(name: string, limit: number): number {
  if (Token.isUnresolved(limit) || (Number.isInteger(limit) && limit > 0)) return limit;
  throw new Error(`${name} should be a whole number of requests from 1, got ${limit}; 0 would refuse every request`);
}

function concurrencyOf(concurrency: number): number {
  if (Token.isUnresolved(concurrency)) return concurrency;
  if (Number.isInteger(concurrency) && concurrency >= 2 && concurrency <= 1000) return concurrency;
  throw new Error(
    `redeliveryConcurrency should be a whole number from 2 to 1000 (the limits of Lambda), got ${concurrency}`,
  );
}

/** Has to be known at synthesis, because it is divided over routes. */
function knownLimitOf(name: string, limit: number): number {
  if (!Token.isUnresolved(limit)) return limitOf(name, limit);
  throw new Error(`${name} should be a number that is known when the stack is synthesized; it is divided over routes`);
}

/** Has to be known at synthesis, because it decides the number of workers. */
function postsOf(rate: number): number {
  if (!Token.isUnresolved(rate) && Number.isInteger(rate) && rate >= 2 && rate <= 1_000_000) return rate;
  const got = Token.isUnresolved(rate) ? "a value that is known only when the stack is deployed" : rate;
  throw new Error(
    `postsPerSecond should be a whole number from 2 to 1000000, got ${got}; API Gateway answers posts above your account's quota with 429`,
  );
}
