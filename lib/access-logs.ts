import { RemovalPolicy } from "aws-cdk-lib";
import { AccessLogFormat, CfnAccount } from "aws-cdk-lib/aws-apigateway";
import { ManagedPolicy, Role, ServicePrincipal } from "aws-cdk-lib/aws-iam";
import { LogGroup } from "aws-cdk-lib/aws-logs";
import { Construct } from "constructs";
import type { LogProps } from "./lambda-function.ts";
import { nameInFinding, suppress } from "./suppress.ts";

/** The access logs of both APIs, and the account setting that allows API Gateway to write them. */
export class AccessLogs extends Construct {
  readonly socket: LogGroup;
  readonly push: LogGroup;
  /** A stage with an access log depends on this account setting. */
  readonly account: CfnAccount;

  constructor(scope: Construct, id: string, { logRetention, removalPolicy }: LogProps) {
    super(scope, id);
    this.socket = new LogGroup(this, "Socket", { retention: logRetention, removalPolicy });
    this.push = new LogGroup(this, "Push", { retention: logRetention, removalPolicy });

    const policy = ManagedPolicy.fromAwsManagedPolicyName("service-role/AmazonAPIGatewayPushToCloudWatchLogs");
    const role = new Role(this, "Role", {
      assumedBy: new ServicePrincipal("apigateway.amazonaws.com"),
      managedPolicies: [policy],
    });
    suppress(
      role,
      `IAM4[Policy::${nameInFinding(this, policy.managedPolicyArn)}]`,
      "AWS prescribes this policy for the account setting; API Gateway refuses a role with fewer permissions",
    );
    this.account = new CfnAccount(this, "Account", { cloudWatchRoleArn: role.roleArn });
    // The setting applies to every API of the account and Region: deleting this stack must not end the logs of others.
    role.applyRemovalPolicy(RemovalPolicy.RETAIN);
    this.account.applyRemovalPolicy(RemovalPolicy.RETAIN);
  }
}

// No query string, header or path of the request: a log must not contain `?token=`.
const commonFields = {
  requestId: "$context.requestId",
  time: "$context.requestTime",
  ip: "$context.identity.sourceIp",
  status: "$context.status",
  error: "$context.error.message",
  authorizerError: "$context.authorizer.error",
  integrationError: "$context.integrationErrorMessage",
  integrationStatus: "$context.integrationStatus",
  integrationLatencyMs: "$context.integrationLatency",
};

export const socketLogFormat = AccessLogFormat.custom(
  JSON.stringify({
    ...commonFields,
    eventType: "$context.eventType",
    routeKey: "$context.routeKey",
    connectionId: "$context.connectionId",
  }),
);

export const pushLogFormat = AccessLogFormat.custom(
  JSON.stringify({
    ...commonFields,
    method: "$context.httpMethod",
    resource: "$context.resourcePath",
    apiKeyId: "$context.identity.apiKeyId",
    responseBytes: "$context.responseLength",
    latencyMs: "$context.responseLatency",
  }),
);
