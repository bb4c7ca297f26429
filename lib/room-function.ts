import type { WebSocketStage } from "aws-cdk-lib/aws-apigatewayv2";
import type { Function as LambdaFunction } from "aws-cdk-lib/aws-lambda";
import type { Queue } from "aws-cdk-lib/aws-sqs";
import type { Construct } from "constructs";
import { grantConnections } from "./grant-connections.ts";
import { type LambdaFunctionProps, type LogProps, lambdaFunction } from "./lambda-function.ts";
import type { Payloads } from "./payloads.ts";
import { fanOutWorkers, rateBudget } from "./rate-budget.ts";
import type { Tables } from "./tables.ts";

/** Props of every function that works on rooms. */
export interface RoomProps extends LogProps {
  readonly tables: Tables;
  readonly payloads: Payloads;
  readonly stage: WebSocketStage;
  readonly ackChecks: Queue;
  readonly fanOutTasks: Queue;
  /** For fan-out and redelivery together. */
  readonly postsPerSecond: number;
  /** How long a message stays in its room's log. */
  readonly retentionSeconds: string;
  /** How long a message waits for its ack before it is redelivered. */
  readonly redeliverAfterSeconds: string;
}

interface OwnProps
  extends Pick<LambdaFunctionProps, "entry" | "description" | "memorySize" | "timeout" | "recursiveLoop"> {
  /** In addition to the variables that all room functions have. */
  readonly environment?: Record<string, string>;
  readonly rights: Rights;
}

/** The actions that the function's role allows. */
interface Rights {
  readonly connections: readonly TableAction[];
  readonly rooms: readonly TableAction[];
  readonly messages: readonly TableAction[];
  /** On large payloads. A function that writes frames needs `GetObject`, because its role signs their payload URLs. */
  readonly payloads: readonly ("GetObject" | "PutObject")[];
  /** Whether it may schedule ack checks. */
  readonly ackChecks: boolean;
  /** Whether it may enqueue fan-out tasks. */
  readonly fanOutTasks: boolean;
}
type TableAction = "GetItem" | "PutItem" | "UpdateItem" | "DeleteItem" | "Query" | "Scan";

/** A function that works on rooms and their logs and posts to connections. */
export function roomFunction(scope: Construct, id: string, props: RoomProps, own: OwnProps): LambdaFunction {
  const { tables, payloads, stage, ackChecks, fanOutTasks, postsPerSecond, logRetention, removalPolicy } = props;
  const { rights, environment, ...rest } = own;
  const fn = lambdaFunction(scope, id, {
    ...rest,
    environment: {
      CONNECTIONS_TABLE: tables.connections.tableName,
      ROOMS_TABLE: tables.rooms.tableName,
      MESSAGES_TABLE: tables.messages.tableName,
      PAYLOADS_URL: payloads.url,
      CALLBACK_URL: stage.callbackUrl,
      RETENTION_SECONDS: props.retentionSeconds,
      ACK_CHECK_QUEUE_URL: ackChecks.queueUrl,
      REDELIVER_AFTER_SECONDS: props.redeliverAfterSeconds,
      FAN_OUT_QUEUE_URL: fanOutTasks.queueUrl,
      FAN_OUT_WORKERS: String(fanOutWorkers(postsPerSecond)),
      POSTS_PER_SECOND: String(rateBudget(postsPerSecond).fanOut),
      ...environment,
    },
    logRetention,
    removalPolicy,
  });
  for (const table of ["connections", "rooms", "messages"] as const) {
    tables[table].grant(fn, ...rights[table].map((action) => `dynamodb:${action}`));
  }
  payloads.grant(fn, ...rights.payloads);
  // `grantSendMessages` would also allow reading the queue's URL and attributes.
  if (rights.ackChecks) ackChecks.grant(fn, "sqs:SendMessage");
  if (rights.fanOutTasks) fanOutTasks.grant(fn, "sqs:SendMessage");
  grantConnections(stage, fn);
  return fn;
}
