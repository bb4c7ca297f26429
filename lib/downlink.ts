import type { RemovalPolicy } from "aws-cdk-lib";
import type { Grant, IGrantable } from "aws-cdk-lib/aws-iam";
import { type ISecret, Secret } from "aws-cdk-lib/aws-secretsmanager";
import { Construct } from "constructs";
import { AccessLogs } from "./access-logs.ts";
import { acknowledge } from "./acknowledge.ts";
import { type DownlinkProps, resolveProps } from "./downlink-props.ts";
import { acknowledgeConnections } from "./grant-connections.ts";
import { PushApi } from "./push-api.ts";
import { SocketApi } from "./socket-api.ts";
import { Tables } from "./tables.ts";

/**
 * Pushes messages from services to pages: a WebSocket endpoint for pages and `POST /push` for services.
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
  /** Names the API key that services send as `x-api-key`; the key's value exists only after deployment. */
  readonly apiKeyId: string;
  /** Signs the tokens of pages. Whoever issues them needs its value: `tokenSecret.grantRead(…)`. */
  readonly tokenSecret: ISecret;
  readonly tables: Tables;
  private readonly pushApi: PushApi;

  /** @throws Error that says what was wrong with a prop, what it was and what is allowed */
  constructor(scope: Construct, id: string, props: DownlinkProps = {}) {
    super(scope, id);
    const { removalPolicy, logRetention, ...resolved } = resolveProps(props);
    this.tables = new Tables(this, "Tables", { removalPolicy });
    this.tokenSecret = props.tokenSecret ?? this.newTokenSecret(removalPolicy);
    const accessLogs = new AccessLogs(this, "AccessLogs", { logRetention, removalPolicy });
    const shared = { tables: this.tables, accessLogs, logRetention, removalPolicy };
    const { stage } = new SocketApi(this, "SocketApi", {
      ...shared,
      tokenSecret: this.tokenSecret,
      allowedOrigins: resolved.allowedOrigins,
      rateLimit: resolved.socketRateLimit,
      burstLimit: resolved.socketBurstLimit,
    });
    this.pushApi = new PushApi(this, "PushApi", {
      ...shared,
      stage,
      retentionSeconds: resolved.retentionSeconds,
      rateLimit: resolved.pushRateLimit,
      burstLimit: resolved.pushBurstLimit,
    });
    acknowledgeConnections(this, stage);
    this.webSocketUrl = stage.url;
    this.pushUrl = this.pushApi.url;
    this.apiKeyId = this.pushApi.apiKey.keyId;
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
    acknowledge(
      secret,
      "SMG4",
      "Issuers of tokens hold this value too: a rotation that did not reach them all at once would lock every page out",
    );
    return secret;
  }
}
