import type { WebSocketStage } from "aws-cdk-lib/aws-apigatewayv2";
import type { Function as LambdaFunction } from "aws-cdk-lib/aws-lambda";
import type { Queue } from "aws-cdk-lib/aws-sqs";
import type { Construct } from "constructs";
import { grantConnections } from "./grant-connections.ts";
import { type LambdaFunctionProps, type LogProps, lambdaFunction } from "./lambda-function.ts";
import type { Tables } from "./tables.ts";

/** What every function needs that works on rooms. */
export interface RoomProps extends LogProps {
  readonly tables: Tables;
  readonly stage: WebSocketStage;
  /** Where looks at rooms are ordered. */
  readonly looks: Queue;
  /** How long a message is kept. */
  readonly retentionSeconds: string;
  /** How long a message waits for its ack before it is sent again. */
  readonly redeliverAfterSeconds: string;
}

interface OwnProps extends Pick<LambdaFunctionProps, "entry" | "description" | "memorySize" | "timeout"> {
  /** Beside what all have. */
  readonly environment?: Record<string, string>;
  /** What it does with the table of connections, such as `GetItem`. */
  readonly onConnections: readonly string[];
}

/** A function that works on rooms and their logs, posts to connections and orders looks at rooms. */
export function roomFunction(scope: Construct, id: string, props: RoomProps, own: OwnProps): LambdaFunction {
  const { tables, stage, looks, retentionSeconds, redeliverAfterSeconds, logRetention, removalPolicy } = props;
  const { onConnections, environment, ...rest } = own;
  const fn = lambdaFunction(scope, id, {
    ...rest,
    environment: {
      CONNECTIONS_TABLE: tables.connections.tableName,
      ROOMS_TABLE: tables.rooms.tableName,
      MESSAGES_TABLE: tables.messages.tableName,
      CALLBACK_URL: stage.callbackUrl,
      RETENTION_SECONDS: retentionSeconds,
      REDELIVER_QUEUE_URL: looks.queueUrl,
      REDELIVER_AFTER_SECONDS: redeliverAfterSeconds,
      ...environment,
    },
    logRetention,
    removalPolicy,
  });
  tables.connections.grant(fn, ...onConnections.map(inDynamo));
  tables.rooms.grant(fn, ...["GetItem", "PutItem", "UpdateItem", "DeleteItem", "Query"].map(inDynamo));
  tables.messages.grant(fn, ...["GetItem", "PutItem", "Query"].map(inDynamo));
  // `grantSendMessages` would allow to ask for the queue's URL and attributes too.
  looks.grant(fn, "sqs:SendMessage");
  grantConnections(stage, fn);
  return fn;
}

const inDynamo = (operation: string) => `dynamodb:${operation}`;
