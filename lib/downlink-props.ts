import { Duration, Fn, RemovalPolicy, Token, Tokenization } from "aws-cdk-lib";
import { RetentionDays } from "aws-cdk-lib/aws-logs";
import type { ISecret } from "aws-cdk-lib/aws-secretsmanager";
import { limits } from "../protocol/limits.ts";

export interface DownlinkProps {
  /**
   * How long a pushed message is kept in its room's log; whole seconds, from a minute to 30 days.
   *
   * @default Duration.hours(24)
   */
  readonly retention?: Duration;

  /**
   * How long a message waits for a page's ack before it is sent again; whole seconds, from 1 to 15 minutes. The pauses
   * before further tries grow from it.
   *
   * @default Duration.seconds(5)
   */
  readonly redeliverAfter?: Duration;

  /**
   * Pages of which origins may connect, for instance `https://app.example.com`; `["*"]` is any. Clients that send no
   * `Origin` are no browsers and may always connect.
   *
   * Downlink reads no cookies, so a foreign page cannot ride on somebody's session: it would need a token. A list is the
   * second lock: a token that leaked is then of no use in other sites' pages.
   *
   * @default ["*"]
   */
  readonly allowedOrigins?: string[];

  /**
   * Signs the tokens of pages: its whole text is the HS256 key, so it should have 32 characters or more.
   *
   * @default - a new secret with 64 random characters
   */
  readonly tokenSecret?: ISecret;

  /**
   * What becomes of the tables, of large payloads, of the new token secret and of the logs when they leave the stack.
   * With `DESTROY`, empty the bucket of payloads first: CloudFormation deletes none that holds something.
   *
   * @default RemovalPolicy.RETAIN
   */
  readonly removalPolicy?: RemovalPolicy;

  /**
   * How long the logs of functions and APIs are kept.
   *
   * @default RetentionDays.ONE_MONTH
   */
  readonly logRetention?: RetentionDays;

  /**
   * ARN of an SNS topic that hears of every alarm, for instance `arn:aws:sns:eu-central-1:123456789012:oncall`.
   *
   * @default - nobody is told: `alarms` is there for actions of one's own
   */
  readonly alarmTopicArn?: string;

  /**
   * Pushes per second, all services together; more are answered 429 with code 9001.
   *
   * @default 1000
   */
  readonly pushRateLimit?: number;

  /**
   * Pushes at once beyond `pushRateLimit`.
   *
   * @default 1000
   */
  readonly pushBurstLimit?: number;

  /**
   * Polls of pages without a WebSocket per second, all pages together; more are answered 429 with code 9001.
   *
   * @default 1000
   */
  readonly pollRateLimit?: number;

  /**
   * Polls at once beyond `pollRateLimit`.
   *
   * @default 1000
   */
  readonly pollBurstLimit?: number;

  /**
   * Posts per second to large rooms and to everyone, and of what is sent again to anybody, all together; from 2 to
   * 1,000,000. Each page that a message goes to is one. A tenth is for what is sent again, the rest for what is sent for
   * the first time. Small rooms are posted to at once, beside this.
   *
   * @default 3500: at `qos` 1 each post is answered by a frame with an ack, so that a broadcast takes twice as much: 7,000
   *   of the 10,000 requests per second that an account has in a Region. It keeps nobody out, and its acks fit into
   *   `socketRateLimit`
   */
  readonly postsPerSecond?: number;

  /**
   * So many functions send again at once what was not acked; from 2 to 1,000. Each takes ten rooms. Together with the
   * fan-out's, one for each 1,000 of `postsPerSecond` and 2 at least, they should leave most of what the account may run
   * at once to pushes and frames: in a new account that may be 10 for all.
   *
   * @default 5
   */
  readonly redeliveryConcurrency?: number;

  /**
   * Frames of pages per second, all pages together. Seven ninths are for acks: one that is refused is a message that is
   * sent again, so this part should not be below `postsPerSecond`. As API Gateway counts each kind of frame by itself,
   * heartbeats, which come when acks do not, may have as many, and each other kind, and handshakes, the last two ninths.
   *
   * @default 4500: 3,500 acks or heartbeats, and 1,000 handshakes or other frames. Together with 3,500 posts, 1,000 pushes
   *   and 1,000 polls that is all of the 10,000 requests per second that an account has in a Region, as long as no two
   *   kinds of the rest come at their limit at once
   */
  readonly socketRateLimit?: number;

  /**
   * Frames at once beyond `socketRateLimit`, divided in the same way.
   *
   * @default 4500
   */
  readonly socketBurstLimit?: number;
}

/** Everything decided, in the words of the template. */
export interface ResolvedProps
  extends Required<
    Omit<DownlinkProps, "tokenSecret" | "retention" | "redeliverAfter" | "allowedOrigins" | "alarmTopicArn">
  > {
  readonly alarmTopicArn: string | undefined;
  readonly retentionSeconds: string;
  /** For how many days large payloads are kept. */
  readonly payloadDays: number;
  readonly redeliverAfterSeconds: string;
  readonly allowedOrigins: string;
  readonly corsOrigin: string;
}

/** @throws Error that says what was wrong with a prop, what it was and what is allowed */
export function resolveProps(props: DownlinkProps): ResolvedProps {
  return {
    retentionSeconds: secondsOf("retention", props.retention ?? Duration.hours(24)),
    payloadDays: payloadDaysOf(props.retention ?? Duration.hours(24)),
    redeliverAfterSeconds: secondsOf("redeliverAfter", props.redeliverAfter ?? Duration.seconds(5)),
    allowedOrigins: originsOf(props.allowedOrigins ?? ["*"]),
    corsOrigin: corsOriginOf(props.allowedOrigins ?? ["*"]),
    removalPolicy: props.removalPolicy ?? RemovalPolicy.RETAIN,
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
    least: 60,
    most: limits.ttlSeconds,
    why: "shorter ones are over before a page has reconnected, and a room without traffic is forgotten after 30 days",
  },
  redeliverAfter: {
    least: 1,
    most: 15 * 60,
    why: "in less a page far away cannot ack, and the queue delays by 15 minutes at most",
  },
};

function secondsOf(name: keyof typeof durations, duration: Duration): string {
  const seconds = duration.toSeconds({ integral: false });
  const { least, most, why } = durations[name];
  if (!duration.isUnresolved() && (seconds < least || seconds > most || !Number.isInteger(seconds))) {
    throw new Error(`${name} should be a whole number of seconds from ${least} to ${most}, got ${seconds}; ${why}`);
  }
  return Tokenization.stringifyNumber(seconds);
}

/** S3 deletes by whole days; one more, so that none goes before the last message that names it. */
function payloadDaysOf(retention: Duration): number {
  const seconds = retention.isUnresolved() ? limits.ttlSeconds : retention.toSeconds({ integral: false });
  return Math.ceil(seconds / (24 * 60 * 60)) + 1;
}

// Pages of apps have schemes of their own, such as capacitor://localhost.
const originPattern = /^[a-z][a-z0-9+.-]*:\/\/[a-z0-9._[\]:-]+$/;
// A function's environment variables share 4 KB.
const originsMaxBytes = 3500;

function originsOf(origins: string[]): string {
  if (Token.isUnresolved(origins)) return Fn.join(",", origins);
  if (origins.length === 0) {
    throw new Error('allowedOrigins is empty, so no page could connect; name origins, or use ["*"] for any');
  }
  for (const origin of origins) {
    if (Token.isUnresolved(origin) || (origin === "*" && origins.length === 1) || originPattern.test(origin)) continue;
    throw new Error(
      `allowedOrigins should hold origins as browsers send them, like https://app.example.com (lower case, no path, no wildcard), or "*" alone, got ${JSON.stringify(origin)}`,
    );
  }
  const joined = origins.join(",");
  if (!Token.isUnresolved(joined) && joined.length > originsMaxBytes) {
    throw new Error(
      `allowedOrigins takes ${joined.length} bytes, allowed are ${originsMaxBytes}; a Lambda's environment holds 4 KB`,
    );
  }
  return joined;
}

/**
 * What API Gateway answers pages by itself names one origin or any. Naming any gives nothing away: who may read a poll's
 * answer is decided by the poll function, which knows them all.
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
  throw new Error(`${name} should be a whole number of requests from 1, got ${limit}; 0 would refuse everything`);
}

function concurrencyOf(places: number): number {
  if (Token.isUnresolved(places) || (Number.isInteger(places) && places >= 2 && places <= 1000)) return places;
  throw new Error(
    `redeliveryConcurrency should be a whole number from 2 to 1000, which is what Lambda takes, got ${places}`,
  );
}

/** It is divided over routes, so it has to be known now. */
function knownLimitOf(name: string, limit: number): number {
  if (!Token.isUnresolved(limit)) return limitOf(name, limit);
  throw new Error(`${name} should be a number that is known when the stack is synthesized; routes share it`);
}

/** It decides how many workers there are, so it has to be known now. */
function postsOf(rate: number): number {
  if (!Token.isUnresolved(rate) && Number.isInteger(rate) && rate >= 2 && rate <= 1_000_000) return rate;
  const got = Token.isUnresolved(rate) ? "a value that is known only when the stack is deployed" : rate;
  throw new Error(
    `postsPerSecond should be a whole number from 2 to 1000000, got ${got}; more than your account's quota for API Gateway would only be answered 429`,
  );
}
