import { Duration } from "aws-cdk-lib";
import type { WebSocketStage } from "aws-cdk-lib/aws-apigatewayv2";
import { Grant } from "aws-cdk-lib/aws-iam";
import type { IFunction } from "aws-cdk-lib/aws-lambda";
import type { ISecret } from "aws-cdk-lib/aws-secretsmanager";
import type { Construct } from "constructs";
import { grantConnections } from "./grant-connections.ts";
import { type LogProps, lambdaFunction } from "./lambda-function.ts";
import type { Tables } from "./tables.ts";

// API Gateway stops waiting at 29 s: what a function did after that, nobody would hear of.
const beforeTheGateway = Duration.seconds(28);

export interface AuthorizeProps extends LogProps {
  readonly tokenSecret: ISecret;
  /** Separated by commas, or `*`. */
  readonly allowedOrigins: string;
}

/** Decides who may open a connection. */
export function authorizeFunction(scope: Construct, props: AuthorizeProps): IFunction {
  const { tokenSecret, allowedOrigins, logRetention, removalPolicy } = props;
  const authorize = lambdaFunction(scope, "Authorize", {
    entry: "authorize",
    description: "Downlink: who may open a connection",
    environment: { TOKEN_SECRET_ARN: tokenSecret.secretArn, ALLOWED_ORIGINS: allowedOrigins },
    // Checking a signature is little, but a page waits for the cold start, and with half of this it takes twice as long.
    memorySize: 512,
    // Nobody waits longer for a page, and the one call it makes is tried again within this.
    timeout: Duration.seconds(10),
    logRetention,
    removalPolicy,
  });
  Grant.addToPrincipal({
    grantee: authorize,
    actions: ["secretsmanager:GetSecretValue"],
    // A secret imported by name does not know the six characters that Secrets Manager put behind it.
    resourceArns: [tokenSecret.secretFullArn ?? `${tokenSecret.secretArn}-??????`],
  });
  tokenSecret.encryptionKey?.grantDecrypt(authorize);
  return authorize;
}

export interface SocketFunctionProps extends LogProps {
  readonly tables: Tables;
  readonly stage: WebSocketStage;
}

/** Handles what pages send. */
export function socketFunction(scope: Construct, props: SocketFunctionProps): IFunction {
  const { tables, stage, logRetention, removalPolicy } = props;
  const socket = lambdaFunction(scope, "Socket", {
    entry: "socket",
    description: "Downlink: what pages send",
    environment: {
      CONNECTIONS_TABLE: tables.connections.tableName,
      ROOMS_TABLE: tables.rooms.tableName,
      CALLBACK_URL: stage.callbackUrl,
    },
    // It waits for DynamoDB: more CPU would be paid for and idle.
    memorySize: 512,
    timeout: beforeTheGateway,
    logRetention,
    removalPolicy,
  });
  const oneItem = ["dynamodb:GetItem", "dynamodb:UpdateItem", "dynamodb:DeleteItem"];
  tables.connections.grant(socket, ...oneItem, "dynamodb:PutItem");
  tables.rooms.grant(socket, ...oneItem, "dynamodb:Query");
  grantConnections(stage, socket);
  return socket;
}

export interface PushFunctionProps extends LogProps {
  readonly tables: Tables;
  readonly stage: WebSocketStage;
  /** How long a message is kept. */
  readonly retentionSeconds: string;
}

/** Logs and delivers what services push. */
export function pushFunction(scope: Construct, props: PushFunctionProps): IFunction {
  const { tables, stage, retentionSeconds, logRetention, removalPolicy } = props;
  const push = lambdaFunction(scope, "Push", {
    entry: "push",
    description: "Downlink: what services push",
    environment: {
      CONNECTIONS_TABLE: tables.connections.tableName,
      ROOMS_TABLE: tables.rooms.tableName,
      MESSAGES_TABLE: tables.messages.tableName,
      CALLBACK_URL: stage.callbackUrl,
      RETENTION_SECONDS: retentionSeconds,
    },
    // One whole CPU: signing and sending posts is what a push spends its time on.
    memorySize: 1769,
    timeout: beforeTheGateway,
    logRetention,
    removalPolicy,
  });
  tables.connections.grant(push, "dynamodb:Scan", "dynamodb:DeleteItem");
  tables.rooms.grant(push, "dynamodb:UpdateItem", "dynamodb:DeleteItem", "dynamodb:Query");
  tables.messages.grant(push, "dynamodb:PutItem");
  grantConnections(stage, push);
  return push;
}
