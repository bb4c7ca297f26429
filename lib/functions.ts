import { Duration } from "aws-cdk-lib";
import { Grant, type IGrantable } from "aws-cdk-lib/aws-iam";
import type { IFunction } from "aws-cdk-lib/aws-lambda";
import type { ISecret } from "aws-cdk-lib/aws-secretsmanager";
import type { Construct } from "constructs";
import { type LogProps, lambdaFunction } from "./lambda-function.ts";
import { type RoomProps, roomFunction } from "./room-function.ts";

// API Gateway waits 29 s. A function that times out earlier fails with its own error, not with a second one of API Gateway.
const gatewayFunctionTimeout = Duration.seconds(28);

export interface TokenProps {
  readonly tokenSecret: ISecret;
  /** Comma-separated, or `*`. */
  readonly allowedOrigins: string;
}

/** The Lambda authorizer of the handshake. */
export function authorizeFunction(scope: Construct, props: TokenProps & LogProps): IFunction {
  const { logRetention, removalPolicy } = props;
  const authorize = lambdaFunction(scope, "Authorize", {
    entry: "authorize",
    description: "Downlink: authorizes the handshake of a page",
    environment: tokenEnvironment(props),
    // Verifying a signature takes little time. The cold start takes longest, and Lambda gives it CPU beyond this share.
    memorySize: 512,
    // Enough for its only call, which reads the secret, with retries. Users do not wait longer for a page.
    timeout: Duration.seconds(10),
    logRetention,
    removalPolicy,
  });
  grantSecret(authorize, props);
  return authorize;
}

/** Handles the frames of pages. */
export function socketFunction(scope: Construct, props: RoomProps): IFunction {
  return roomFunction(scope, "Socket", props, {
    entry: "socket",
    description: "Downlink: handles the frames that pages send",
    // It mostly waits for DynamoDB, so more CPU would be idle.
    memorySize: 512,
    timeout: gatewayFunctionTimeout,
    rights: {
      connections: ["GetItem", "PutItem", "UpdateItem", "DeleteItem"],
      rooms: ["GetItem", "PutItem", "UpdateItem", "DeleteItem", "Query"],
      messages: ["GetItem", "PutItem", "Query"],
      payloads: ["GetObject"],
      ackChecks: true,
      fanOutTasks: true,
    },
  });
}

/** Logs and delivers pushes, waits for acks on request, and reports the status of a push. */
export function pushFunction(scope: Construct, props: RoomProps): IFunction {
  return roomFunction(scope, "Push", props, {
    entry: "push",
    description: "Downlink: handles the pushes of services",
    // One whole CPU: a push spends its time on signing and sending posts.
    memorySize: 1769,
    timeout: gatewayFunctionTimeout,
    rights: {
      connections: ["Scan", "DeleteItem"],
      rooms: ["GetItem", "PutItem", "UpdateItem", "DeleteItem", "Query"],
      messages: ["GetItem", "PutItem"],
      payloads: ["PutObject", "GetObject"],
      ackChecks: true,
      fanOutTasks: true,
    },
  });
}

/** Answers the polls of pages that cannot use a WebSocket. */
export function pollFunction(scope: Construct, props: RoomProps & TokenProps): IFunction {
  const poll = roomFunction(scope, "Poll", props, {
    entry: "poll",
    description: "Downlink: answers the polls of pages that cannot use a WebSocket",
    environment: tokenEnvironment(props),
    // The same as the socket function, because it handles the same frames.
    memorySize: 512,
    timeout: gatewayFunctionTimeout,
    rights: {
      connections: ["GetItem"],
      rooms: ["GetItem", "UpdateItem", "DeleteItem", "Query"],
      // `PutItem` writes tombstones into the gaps of pushes that died.
      messages: ["GetItem", "PutItem", "Query"],
      payloads: ["GetObject"],
      ackChecks: true,
      fanOutTasks: false,
    },
  });
  grantSecret(poll, props);
  return poll;
}

const tokenEnvironment = ({ tokenSecret, allowedOrigins }: TokenProps) => ({
  TOKEN_SECRET_ARN: tokenSecret.secretArn,
  ALLOWED_ORIGINS: allowedOrigins,
});

/** Unlike `grantRead`, does not allow describing the secret. */
function grantSecret(grantee: IGrantable, { tokenSecret }: TokenProps): void {
  Grant.addToPrincipal({
    grantee,
    actions: ["secretsmanager:GetSecretValue"],
    // The ARN of a secret imported by name lacks the six random characters that Secrets Manager appends.
    resourceArns: [tokenSecret.secretFullArn ?? `${tokenSecret.secretArn}-??????`],
  });
  tokenSecret.encryptionKey?.grantDecrypt(grantee);
}
