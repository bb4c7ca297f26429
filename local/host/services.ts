import { createGateway, type Gateway } from "../api-gateway/gateway.ts";
import type { Database } from "../dynamodb/database.ts";
import { dynamoDbService } from "../dynamodb/service.ts";
import { type RecordedEvents, recordEvents } from "../eventbridge/recorded-events.ts";
import { eventBridgeService } from "../eventbridge/service.ts";
import { createIam } from "../iam/iam.ts";
import { startMappings } from "../lambda/event-source/mappings.ts";
import { createRecursionGuard } from "../lambda/event-source/recursion-guard.ts";
import { createLambda } from "../lambda/functions.ts";
import { type ObjectStore, openObjectStore } from "../s3/object-store.ts";
import { startS3Server } from "../s3/server.ts";
import { secretsManagerService } from "../secrets-manager/service.ts";
import type { Queues } from "../sqs/queues.ts";
import { sqsService } from "../sqs/service.ts";
import type { Stack } from "../template/stack.ts";
import type { Clock } from "../world/clock.ts";
import type { CrashDecision, Faults } from "../world/faults.ts";
import { createInvocations, type Invocations } from "../world/invocations.ts";
import type { Logs } from "../world/logs.ts";
import { startAwsEndpoint } from "./aws-endpoint.ts";

export interface ServicesOptions {
  stack: Stack;
  database: Database;
  queues: Queues;
  /** The address of API Gateway for functions. */
  gatewayUrl: string;
  /** Keeps the objects of buckets. @default in memory */
  objectsFolder: string | undefined;
  maxEnvironments: number;
  clock: Clock;
  faults: Faults & CrashDecision;
  logs: Logs;
  /** Receives a function for each service that must be closed. They run in reverse order. */
  closers: (() => Promise<void>)[];
}

/** The running services, as far as the runtime uses them directly. */
export interface Services {
  gateway: Gateway;
  objects: ObjectStore;
  events: RecordedEvents;
  invocations: Invocations;
}

/** Creates the AWS services of the template and connects them to one another. */
export async function startServices(options: ServicesOptions): Promise<Services> {
  const { stack, database, queues, gatewayUrl, objectsFolder, maxEnvironments, clock, faults, logs, closers } = options;
  const logAs = (source: string) => (line: string) => logs.add(source, line);
  const iam = createIam(stack);
  const invocations = createInvocations(faults);
  const recursionGuard = createRecursionGuard(invocations.chainOf);
  const events = recordEvents(logAs("events"));

  const services = {
    DynamoDB_20120810: dynamoDbService(stack, database),
    secretsmanager: secretsManagerService(stack),
    AmazonSQS: sqsService({ deployment: stack, queues, onSent: recursionGuard.recordSent }),
    AWSEvents: eventBridgeService(stack, events),
  };
  const aws = await startAwsEndpoint({ iam, invocations, services });
  closers.push(aws.close);
  const objects = openObjectStore(objectsFolder);
  const s3 = await startS3Server({ stack, objects, iam, invocations });
  closers.push(s3.close);

  const serviceUrls = { gateway: gatewayUrl, aws: aws.url, s3: s3.url };
  const lambda = createLambda({
    ...{ stack, serviceUrls, logs, invocations, maxEnvironments },
    credentialsOf: iam.principalOfFunction,
  });
  closers.push(lambda.close);
  const mappings = startMappings({ stack, queues, recursionGuard, lambda, iam, clock, faults, log: logAs("queues") });
  closers.push(mappings.close);
  const gateway = createGateway({ stack, lambda, iam, invocations, clock, faults, log: logAs("gateway") });
  closers.push(gateway.close);
  return { gateway, objects, events, invocations };
}
