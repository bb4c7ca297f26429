import { Duration, Fn, RemovalPolicy, Token, Tokenization } from "aws-cdk-lib";
import { RetentionDays } from "aws-cdk-lib/aws-logs";
import type { ISecret } from "aws-cdk-lib/aws-secretsmanager";

export interface DownlinkProps {
  /**
   * How long a pushed message is kept in its room's log; whole seconds, at least a minute.
   *
   * @default Duration.hours(24)
   */
  readonly retention?: Duration;

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
   * What becomes of the tables, of the new token secret and of the logs when they leave the stack.
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
   * Handshakes and frames of pages per second, all pages together.
   *
   * @default 3000: with 1,000 pushes, 6,000 of the 10,000 requests per second that an account has in a Region are left
   *   for posts to pages
   */
  readonly socketRateLimit?: number;

  /**
   * Handshakes and frames at once beyond `socketRateLimit`.
   *
   * @default 3000
   */
  readonly socketBurstLimit?: number;
}

/** Everything decided, in the words of the template. */
export interface ResolvedProps extends Required<Omit<DownlinkProps, "tokenSecret" | "retention" | "allowedOrigins">> {
  readonly retentionSeconds: string;
  readonly allowedOrigins: string;
}

/** @throws Error that says what was wrong with a prop, what it was and what is allowed */
export function resolveProps(props: DownlinkProps): ResolvedProps {
  return {
    retentionSeconds: secondsOf(props.retention ?? Duration.hours(24)),
    allowedOrigins: originsOf(props.allowedOrigins ?? ["*"]),
    removalPolicy: props.removalPolicy ?? RemovalPolicy.RETAIN,
    logRetention: logRetentionOf(props.logRetention ?? RetentionDays.ONE_MONTH),
    pushRateLimit: limitOf("pushRateLimit", props.pushRateLimit ?? 1000),
    pushBurstLimit: limitOf("pushBurstLimit", props.pushBurstLimit ?? 1000),
    socketRateLimit: limitOf("socketRateLimit", props.socketRateLimit ?? 3000),
    socketBurstLimit: limitOf("socketBurstLimit", props.socketBurstLimit ?? 3000),
  };
}

function secondsOf(retention: Duration): string {
  const seconds = retention.toSeconds({ integral: false });
  if (!retention.isUnresolved() && (seconds < 60 || !Number.isInteger(seconds))) {
    throw new Error(
      `retention should be a whole number of seconds, at least 60, got ${seconds}; shorter ones are over before a page has reconnected`,
    );
  }
  return Tokenization.stringifyNumber(seconds);
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

function logRetentionOf(days: RetentionDays): RetentionDays {
  const allowed = Object.values(RetentionDays).filter((value) => typeof value === "number");
  if (Token.isUnresolved(days) || allowed.includes(days)) return days;
  throw new Error(`logRetention should be one of ${allowed.join(", ")} days (RetentionDays), got ${days}`);
}

function limitOf(name: string, limit: number): number {
  if (Token.isUnresolved(limit) || (Number.isInteger(limit) && limit > 0)) return limit;
  throw new Error(`${name} should be a whole number of requests from 1, got ${limit}; 0 would refuse everything`);
}
