import type { RemovalPolicy } from "aws-cdk-lib";
import type { Alarm } from "aws-cdk-lib/aws-cloudwatch";
import { SnsAction } from "aws-cdk-lib/aws-cloudwatch-actions";
import type { Grant, IGrantable } from "aws-cdk-lib/aws-iam";
import { Function as LambdaFunction } from "aws-cdk-lib/aws-lambda";
import { type ISecret, Secret } from "aws-cdk-lib/aws-secretsmanager";
import { Topic } from "aws-cdk-lib/aws-sns";
import type { IQueue } from "aws-cdk-lib/aws-sqs";
import { Construct } from "constructs";
import { AccessLogs } from "./access-logs.ts";
import { type DownlinkProps, resolveProps } from "./downlink-props.ts";
import { FanOut } from "./fan-out.ts";
import { suppressConnectionFindings } from "./grant-connections.ts";
import { Payloads, suppressPayloadFindings } from "./payloads.ts";
import { PushApi } from "./push-api.ts";
import { Redelivery } from "./redelivery.ts";
import { warnOfQuota } from "./region-quota.ts";
import { SocketApi } from "./socket-api.ts";
import { suppress } from "./suppress.ts";
import { Tables } from "./tables.ts";
import { throttleAlarm } from "./throttle-alarm.ts";

/**
 * Pushes messages from services to pages: a WebSocket API with a polling fallback for pages, and `POST /push` for services.
 *
 * Also sets the role with which API Gateway writes logs. This setting applies to the whole account and Region.
 *
 * @example
 * const downlink = new Downlink(this, "Downlink", { allowedOrigins: ["https://app.example.com"] });
 * downlink.grantPush(reportService);
 */
export class Downlink extends Construct {
  /** WebSocket URL for pages, `wss://…/socket`. */
  readonly webSocketUrl: string;
  /** Push URL for services, `https://…/api/push`. */
  readonly pushUrl: string;
  /** Poll URL for pages that cannot use a WebSocket, `https://…/api/poll`. */
  readonly pollUrl: string;
  /** Id of the API key that services send as `x-api-key`. The key's value exists only after deployment. */
  readonly apiKeyId: string;
  /** Signs the tokens of pages. A service that issues tokens needs `tokenSecret.grantRead(…)`. */
  readonly tokenSecret: ISecret;
  /** Connections, rooms with their members, and messages. */
  readonly tables: Tables;
  /** Payloads that are too large for a frame. CloudFormation deletes the bucket only when it is empty. */
  readonly payloads: Payloads;
  /** Goes off when an ack check is dead-lettered: a room's messages are not redelivered. `redeliveryAlarm.addAlarmAction(…)` */
  readonly redeliveryAlarm: Alarm;
  /** Goes off when a fan-out task is dead-lettered: some members of a large room did not receive a message. */
  readonly fanOutAlarm: Alarm;
  /** All alarms: `redeliveryAlarm`, `fanOutAlarm`, late ack checks, late fan-out tasks, and throttled functions. */
  readonly alarms: readonly Alarm[];
  /** The queues of ack checks and fan-out tasks, with their dead-letter queues. */
  readonly queues: Readonly<Record<"ackChecks" | "ackCheckDeadLetters" | "fanOutTasks" | "fanOutDeadLetters", IQueue>>;
  private readonly pushApi: PushApi;

  /** @throws Error for an invalid prop, with its value and the allowed values */
  constructor(scope: Construct, id: string, props: DownlinkProps = {}) {
    super(scope, id);
    const { removalPolicy, logRetention, allowedOrigins, ...resolved } = resolveProps(props);
    warnOfQuota(this, resolved);
    this.tables = new Tables(this, "Tables", { removalPolicy });
    this.payloads = new Payloads(this, "Payloads", {
      days: resolved.payloadDays,
      origins: props.allowedOrigins ?? ["*"],
      removalPolicy,
    });
    this.tokenSecret = props.tokenSecret ?? this.newTokenSecret(removalPolicy);
    const accessLogs = new AccessLogs(this, "AccessLogs", { logRetention, removalPolicy });
    const redelivery = new Redelivery(this, "Redelivery");
    const fanOut = new FanOut(this, "FanOut");
    const shared = {
      tables: this.tables,
      payloads: this.payloads,
      ackChecks: redelivery.ackChecks,
      fanOutTasks: fanOut.tasks,
      postsPerSecond: resolved.postsPerSecond,
      retentionSeconds: resolved.retentionSeconds,
      redeliverAfterSeconds: resolved.redeliverAfterSeconds,
      logRetention,
      removalPolicy,
    };
    const authProps = { accessLogs, tokenSecret: this.tokenSecret, allowedOrigins };
    const { stage } = new SocketApi(this, "SocketApi", {
      ...shared,
      ...authProps,
      rateLimit: resolved.socketRateLimit,
      burstLimit: resolved.socketBurstLimit,
    });
    this.pushApi = new PushApi(this, "PushApi", {
      ...shared,
      ...authProps,
      stage,
      corsOrigin: resolved.corsOrigin,
      rateLimit: resolved.pushRateLimit,
      burstLimit: resolved.pushBurstLimit,
      pollRateLimit: resolved.pollRateLimit,
      pollBurstLimit: resolved.pollBurstLimit,
    });
    redelivery.addFunction({ ...shared, stage, maxConcurrency: resolved.redeliveryConcurrency });
    fanOut.addFunction({ ...shared, stage });
    suppressConnectionFindings(this, stage);
    suppressPayloadFindings(this, this.payloads);
    this.webSocketUrl = stage.url;
    this.pushUrl = this.pushApi.pushUrl;
    this.pollUrl = this.pushApi.pollUrl;
    this.apiKeyId = this.pushApi.apiKey.keyId;
    this.redeliveryAlarm = redelivery.deadLettersAlarm;
    this.fanOutAlarm = fanOut.deadLettersAlarm;
    const functions = this.node.findAll().filter((child) => child instanceof LambdaFunction);
    this.alarms = [
      ...[redelivery.deadLettersAlarm, redelivery.lateAlarm, fanOut.deadLettersAlarm, fanOut.lateAlarm],
      throttleAlarm(this, "ThrottleAlarm", functions),
    ];
    if (resolved.alarmTopicArn !== undefined) {
      const action = new SnsAction(Topic.fromTopicArn(this, "AlarmTopic", resolved.alarmTopicArn));
      for (const alarm of this.alarms) alarm.addAlarmAction(action);
    }
    this.queues = {
      ackChecks: redelivery.ackChecks,
      ackCheckDeadLetters: redelivery.deadLetters,
      fanOutTasks: fanOut.tasks,
      fanOutDeadLetters: fanOut.deadLetters,
    };
  }

  /**
   * Allows a service of this account to read the API key's value: `apigateway:GetApiKey` of `apiKeyId` with
   * `includeValue: true`. The value in the header `x-api-key` is all that `pushUrl` requires.
   */
  grantPush(grantee: IGrantable): Grant {
    return this.pushApi.grantKey(grantee);
  }

  private newTokenSecret(removalPolicy: RemovalPolicy): ISecret {
    const secret = new Secret(this, "TokenSecret", {
      description: "Downlink: HS256 key that signs the tokens of pages",
      generateSecretString: { passwordLength: 64, excludePunctuation: true },
      removalPolicy,
    });
    suppress(
      secret,
      "SMG4",
      "Token issuers hold this value too: a rotation that does not reach all of them at once would lock out every page",
    );
    return secret;
  }
}
