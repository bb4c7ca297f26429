import { Duration, RemovalPolicy } from "aws-cdk-lib";
import type { Grant, IGrantable } from "aws-cdk-lib/aws-iam";
import { RetentionDays } from "aws-cdk-lib/aws-logs";
import { type ISecret, Secret } from "aws-cdk-lib/aws-secretsmanager";
import { Construct } from "constructs";
import { AccessLogs } from "./access-logs.ts";
import { PushApi } from "./push-api.ts";
import { SocketApi } from "./socket-api.ts";
import { Tables } from "./tables.ts";

export interface DownlinkProps {
  readonly retention?: Duration;
  readonly allowedOrigins?: string[];
  readonly tokenSecret?: ISecret;
  readonly removalPolicy?: RemovalPolicy;
  readonly logRetention?: RetentionDays;
  readonly pushRateLimit?: number;
  readonly pushBurstLimit?: number;
  readonly socketRateLimit?: number;
  readonly socketBurstLimit?: number;
}

/** Pushes messages from services to pages: a WebSocket endpoint for pages, `POST /push` for services. */
export class Downlink extends Construct {
  /** Where pages connect, `wss://…/socket`. */
  readonly webSocketUrl: string;
  /** Where services post, `https://…/api/push`. */
  readonly pushUrl: string;
  /** Names the API key. Its value is not known before deployment. */
  readonly apiKeyId: string;
  readonly tokenSecret: ISecret;
  readonly tables: Tables;
  private readonly pushApi: PushApi;

  constructor(scope: Construct, id: string, props: DownlinkProps = {}) {
    super(scope, id);
    const { removalPolicy = RemovalPolicy.RETAIN, logRetention = RetentionDays.ONE_MONTH } = props;
    this.tables = new Tables(this, "Tables", { removalPolicy });
    this.tokenSecret =
      props.tokenSecret ??
      new Secret(this, "TokenSecret", {
        description: "Downlink: signs the tokens of pages (HS256)",
        generateSecretString: { passwordLength: 64, excludePunctuation: true },
        removalPolicy,
      });
    const accessLogs = new AccessLogs(this, "AccessLogs", { logRetention, removalPolicy });
    const shared = { tables: this.tables, accessLogs, logRetention, removalPolicy };
    const socketApi = new SocketApi(this, "SocketApi", {
      ...shared,
      tokenSecret: this.tokenSecret,
      allowedOrigins: props.allowedOrigins ?? ["*"],
      rateLimit: props.socketRateLimit ?? 3_000,
      burstLimit: props.socketBurstLimit ?? 3_000,
    });
    this.pushApi = new PushApi(this, "PushApi", {
      ...shared,
      socketApi,
      retention: props.retention ?? Duration.hours(24),
      rateLimit: props.pushRateLimit ?? 1_000,
      burstLimit: props.pushBurstLimit ?? 1_000,
    });
    this.webSocketUrl = socketApi.stage.url;
    this.pushUrl = this.pushApi.url;
    this.apiKeyId = this.pushApi.apiKey.keyId;
  }

  /** Lets a service of this account push. */
  grantPush(grantee: IGrantable): Grant {
    return this.pushApi.grantKey(grantee);
  }
}
