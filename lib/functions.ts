import { Duration } from "aws-cdk-lib";
import { Grant, type IGrantable } from "aws-cdk-lib/aws-iam";
import type { IFunction } from "aws-cdk-lib/aws-lambda";
import type { ISecret } from "aws-cdk-lib/aws-secretsmanager";
import type { Construct } from "constructs";
import { type LogProps, lambdaFunction } from "./lambda-function.ts";
import { type RoomProps, roomFunction } from "./room-function.ts";

// API Gateway waits 29 s: a function that ends before it is answered for by its own error, not by a second one.
const beforeTheGateway = Duration.seconds(28);

export interface TokenProps {
  readonly tokenSecret: ISecret;
  /** Separated by commas, or `*`. */
  readonly allowedOrigins: string;
}

/** Decides who may open a connection. */
export function authorizeFunction(scope: Construct, props: TokenProps & LogProps): IFunction {
  const { logRetention, removalPolicy } = props;
  const authorize = lambdaFunction(scope, "Authorize", {
    entry: "authorize",
    description: "Downlink: who may open a connection",
    environment: tokenEnvironment(props),
    // A signature is nothing; what a page waits for is the cold start, and that has its own CPU.
    memorySize: 512,
    // Nobody waits longer for a page, and the one call it makes is tried again within this.
    timeout: Duration.seconds(10),
    logRetention,
    removalPolicy,
  });
  grantSecret(authorize, props);
  return authorize;
}

/** Handles what pages send. */
export function socketFunction(scope: Construct, props: RoomProps): IFunction {
  return roomFunction(scope, "Socket", props, {
    entry: "socket",
    description: "Downlink: what pages send",
    // It waits for DynamoDB: more CPU would be paid for and idle.
    memorySize: 512,
    timeout: beforeTheGateway,
    rights: {
      connections: ["GetItem", "PutItem", "UpdateItem", "DeleteItem"],
      rooms: ["GetItem", "PutItem", "UpdateItem", "DeleteItem", "Query"],
      messages: ["GetItem", "PutItem", "Query"],
      payloads: ["GetObject"],
      looks: true,
      tasks: true,
    },
  });
}

/** Logs and delivers what services push, waits for acks where they ask for it, and tells what became of a push. */
export function pushFunction(scope: Construct, props: RoomProps): IFunction {
  return roomFunction(scope, "Push", props, {
    entry: "push",
    description: "Downlink: what services push",
    // One whole CPU: signing and sending posts is what a push spends its time on.
    memorySize: 1769,
    timeout: beforeTheGateway,
    rights: {
      connections: ["Scan", "DeleteItem"],
      rooms: ["GetItem", "PutItem", "UpdateItem", "DeleteItem", "Query"],
      messages: ["GetItem", "PutItem"],
      payloads: ["PutObject", "GetObject"],
      looks: true,
      tasks: true,
    },
  });
}

/** Hands pages without a WebSocket what a connection would have brought them. */
export function pollFunction(scope: Construct, props: RoomProps & TokenProps): IFunction {
  const poll = roomFunction(scope, "Poll", props, {
    entry: "poll",
    description: "Downlink: pages without a WebSocket",
    environment: tokenEnvironment(props),
    // As the socket function, whose work it does.
    memorySize: 512,
    timeout: beforeTheGateway,
    rights: {
      connections: ["GetItem"],
      rooms: ["GetItem", "UpdateItem", "DeleteItem", "Query"],
      // It writes where a push died: a number that holds nothing.
      messages: ["GetItem", "PutItem", "Query"],
      payloads: ["GetObject"],
      looks: true,
      tasks: false,
    },
  });
  grantSecret(poll, props);
  return poll;
}

const tokenEnvironment = ({ tokenSecret, allowedOrigins }: TokenProps) => ({
  TOKEN_SECRET_ARN: tokenSecret.secretArn,
  ALLOWED_ORIGINS: allowedOrigins,
});

/** `grantRead` would allow to describe the secret too. */
function grantSecret(grantee: IGrantable, { tokenSecret }: TokenProps): void {
  Grant.addToPrincipal({
    grantee,
    actions: ["secretsmanager:GetSecretValue"],
    // A secret imported by name does not know the six characters that Secrets Manager put behind it.
    resourceArns: [tokenSecret.secretFullArn ?? `${tokenSecret.secretArn}-??????`],
  });
  tokenSecret.encryptionKey?.grantDecrypt(grantee);
}
