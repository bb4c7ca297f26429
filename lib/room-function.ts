import type { WebSocketStage } from "aws-cdk-lib/aws-apigatewayv2";
import type { Function as LambdaFunction } from "aws-cdk-lib/aws-lambda";
import type { Queue } from "aws-cdk-lib/aws-sqs";
import type { Construct } from "constructs";
import { grantConnections } from "./grant-connections.ts";
import { type LambdaFunctionProps, type LogProps, lambdaFunction } from "./lambda-function.ts";
import { paceOf, workersFor } from "./pace.ts";
import type { Payloads } from "./payloads.ts";
import type { Tables } from "./tables.ts";

/** What every function needs that works on rooms. */
export interface RoomProps extends LogProps {
  readonly tables: Tables;
  readonly payloads: Payloads;
  readonly stage: WebSocketStage;
  /** Where looks at rooms are ordered. */
  readonly looks: Queue;
  /** Where posts to large rooms are ordered. */
  readonly tasks: Queue;
  /** Of the fan-out and the redelivery together. */
  readonly postsPerSecond: number;
  /** How long a message is kept. */
  readonly retentionSeconds: string;
  /** How long a message waits for its ack before it is sent again. */
  readonly redeliverAfterSeconds: string;
}

interface OwnProps
  extends Pick<LambdaFunctionProps, "entry" | "description" | "memorySize" | "timeout" | "recursiveLoop"> {
  /** Beside what all have. */
  readonly environment?: Record<string, string>;
  readonly rights: Rights;
}

/** What it does with each table. */
interface Rights {
  readonly connections: readonly TableAction[];
  readonly rooms: readonly TableAction[];
  readonly messages: readonly TableAction[];
  /** With what no frame can carry; each function makes frames that say where it is, and so signs with its role. */
  readonly payloads: readonly ("GetObject" | "PutObject")[];
  /** Whether it orders looks at rooms. */
  readonly looks: boolean;
  /** Whether it orders posts to large rooms. */
  readonly tasks: boolean;
}
type TableAction = "GetItem" | "PutItem" | "UpdateItem" | "DeleteItem" | "Query" | "Scan";

/** A function that works on rooms and their logs, and posts to connections. */
export function roomFunction(scope: Construct, id: string, props: RoomProps, own: OwnProps): LambdaFunction {
  const { tables, payloads, stage, looks, tasks, postsPerSecond, logRetention, removalPolicy } = props;
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
      ACK_CHECK_QUEUE_URL: looks.queueUrl,
      REDELIVER_AFTER_SECONDS: props.redeliverAfterSeconds,
      FAN_OUT_QUEUE_URL: tasks.queueUrl,
      FAN_OUT_WORKERS: String(workersFor(postsPerSecond)),
      POSTS_PER_SECOND: String(paceOf(postsPerSecond).fanOut),
      ...environment,
    },
    logRetention,
    removalPolicy,
  });
  for (const table of ["connections", "rooms", "messages"] as const) {
    tables[table].grant(fn, ...rights[table].map((action) => `dynamodb:${action}`));
  }
  payloads.grant(fn, ...rights.payloads);
  // `grantSendMessages` would allow to ask for the queue's URL and attributes too.
  if (rights.looks) looks.grant(fn, "sqs:SendMessage");
  if (rights.tasks) tasks.grant(fn, "sqs:SendMessage");
  grantConnections(stage, fn);
  return fn;
}
