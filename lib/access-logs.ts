import { RemovalPolicy } from "aws-cdk-lib";
import { AccessLogFormat, CfnAccount } from "aws-cdk-lib/aws-apigateway";
import { ManagedPolicy, Role, ServicePrincipal } from "aws-cdk-lib/aws-iam";
import { LogGroup } from "aws-cdk-lib/aws-logs";
import { Construct } from "constructs";
import type { LogProps } from "./lambda-function.ts";
import { nameInFinding, suppress } from "./suppress.ts";

/** One line for each request that API Gateway answered, and the account's permission for it to write them. */
export class AccessLogs extends Construct {
  readonly socket: LogGroup;
  readonly push: LogGroup;
  /** A stage with an access log cannot be created before this. */
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
      "The policy that AWS prescribes for this account setting; API Gateway refuses a role that may do less",
    );
    this.account = new CfnAccount(this, "Account", { cloudWatchRoleArn: role.roleArn });
    // One setting for all APIs of the account and Region: deleting this stack must not silence the others.
    role.applyRemovalPolicy(RemovalPolicy.RETAIN);
    this.account.applyRemovalPolicy(RemovalPolicy.RETAIN);
  }
}

// No query string, header or path of the caller: `?token=` must not end up in a log.
const everyApi = {
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
    ...everyApi,
    eventType: "$context.eventType",
    routeKey: "$context.routeKey",
    connectionId: "$context.connectionId",
  }),
);

export const pushLogFormat = AccessLogFormat.custom(
  JSON.stringify({
    ...everyApi,
    method: "$context.httpMethod",
    resource: "$context.resourcePath",
    apiKeyId: "$context.identity.apiKeyId",
    responseBytes: "$context.responseLength",
    latencyMs: "$context.responseLatency",
  }),
);
