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
 * Pushes messages from services to pages: a WebSocket endpoint for pages, with polling in its place where it is blocked, and
 * `POST /push` for services.
 *
 * It also sets the role with which API Gateway writes logs, which is one setting for the whole account and Region.
 *
 * @example
 * const downlink = new Downlink(this, "Downlink", { allowedOrigins: ["https://app.example.com"] });
 * downlink.grantPush(reportService);
 */
export class Downlink extends Construct {
  /** Where pages connect, `wss://…/socket`. */
  readonly webSocketUrl: string;
  /** Where services post, `https://…/api/push`. */
  readonly pushUrl: string;
  /** Where pages poll that cannot keep a WebSocket, `https://…/api/poll`. */
  readonly pollUrl: string;
  /** Names the API key that services send as `x-api-key`; the key's value exists only after deployment. */
  readonly apiKeyId: string;
  /** Signs the tokens of pages. Whoever issues them needs its value: `tokenSecret.grantRead(…)`. */
  readonly tokenSecret: ISecret;
  readonly tables: Tables;
  /** What pushes say that no frame can carry. CloudFormation deletes its bucket only when it is empty. */
  readonly payloads: Payloads;
  /** Messages may not be sent again, somebody should look: `redeliveryAlarm.addAlarmAction(…)`. */
  readonly redeliveryAlarm: Alarm;
  /** Members of large rooms could not be posted to, somebody should look. */
  readonly fanOutAlarm: Alarm;
  /** Those two, orders that wait too long, and functions that Lambda did not run at once. */
  readonly alarms: readonly Alarm[];
  /** Orders to look at rooms, and to post to large ones, each with what failed too often. */
  readonly queues: Readonly<Record<"looks" | "looksDeadLetters" | "tasks" | "tasksDeadLetters", IQueue>>;
  private readonly pushApi: PushApi;

  /** @throws Error that says what was wrong with a prop, what it was and what is allowed */
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
      looks: redelivery.looks,
      tasks: fanOut.tasks,
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
    this.redeliveryAlarm = redelivery.alarm;
    this.fanOutAlarm = fanOut.alarm;
    const functions = this.node.findAll().filter((child) => child instanceof LambdaFunction);
    this.alarms = [
      ...[redelivery.alarm, redelivery.lateAlarm, fanOut.alarm, fanOut.lateAlarm],
      throttleAlarm(this, "ThrottleAlarm", functions),
    ];
    if (resolved.alarmTopicArn !== undefined) {
      const action = new SnsAction(Topic.fromTopicArn(this, "AlarmTopic", resolved.alarmTopicArn));
      for (const alarm of this.alarms) alarm.addAlarmAction(action);
    }
    this.queues = {
      looks: redelivery.looks,
      looksDeadLetters: redelivery.deadLetters,
      tasks: fanOut.tasks,
      tasksDeadLetters: fanOut.deadLetters,
    };
  }

  /**
   * Lets a service of this account read the API key's value (`apigateway:GetApiKey` of `apiKeyId` with
   * `includeValue: true`); with it in the header `x-api-key`, it may post to `pushUrl`. No other right is needed.
   */
  grantPush(grantee: IGrantable): Grant {
    return this.pushApi.grantKey(grantee);
  }

  private newTokenSecret(removalPolicy: RemovalPolicy): ISecret {
    const secret = new Secret(this, "TokenSecret", {
      description: "Downlink: signs the tokens of pages (HS256)",
      generateSecretString: { passwordLength: 64, excludePunctuation: true },
      removalPolicy,
    });
    suppress(
      secret,
      "SMG4",
      "Issuers of tokens hold this value too: a rotation that did not reach them all at once would lock every page out",
    );
    return secret;
  }
}
