import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { createGateway } from "../api-gateway/gateway.ts";
import { createTables } from "../dynamodb/create-tables.ts";
import { connectDatabase, startDatabase } from "../dynamodb/database.ts";
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
import { createQueues, type Queue } from "../sqs/queues.ts";
import { connectSqs, startSqs } from "../sqs/server.ts";
import { sqsService } from "../sqs/service.ts";
import { readAssembly, type Template } from "../template/assembly.ts";
import { resolveStack, type Resource, type Stack } from "../template/stack.ts";
import { synthesize } from "../template/synthesize.ts";
import { type Clock, realClock } from "../world/clock.ts";
import { type Faults, noFaults } from "../world/faults.ts";
import { type Invocation, createInvocations } from "../world/invocations.ts";
import { type LogLine, type Logs, createLogs } from "../world/logs.ts";
import { startAwsEndpoint } from "./aws-endpoint.ts";
import { createConsoleServer } from "./console-server.ts";
import { startFrontServer } from "./front-server.ts";
import { addGeneratedValues } from "./generated-values.ts";
import { type Claims, mintToken } from "./mint-token.ts";

export interface LocalOptions {
  /** @default any free one */
  port?: number;
  /**
   * `disk` keeps tables, buckets, API key and secrets under `.local/data/`.
   *
   * @default "memory"
   */
  data?: "memory" | "disk";
  /** Changes the template before it is run: what would happen without this route, that grant? */
  edit?: (template: Template) => void;
  /** Folder of a cloud assembly that exists already. @default synthesized from the sources */
  assembly?: string;
  /** Time of the gateway (idle connections, throttles) and of queues (delays, visibility). @default the machine's */
  clock?: Clock;
  /** Told of every line that Lambdas and the gateway print. */
  show?: (line: LogLine) => void;
  /**
   * Execution environments per function; further events wait.
   *
   * @default 16
   */
  environmentsMax?: number;
}

/** Downlink on this machine. */
export interface Local {
  webSocketUrl: string;
  /** Of the REST API's stage; pushes go to `{restUrl}/push`. */
  restUrl: string;
  /** The page. */
  consoleUrl: string;
  /** DynamoDB without any check of roles, to look into the tables. */
  databaseUrl: string;
  /** A queue without any check of roles, to look into it. Throws if the template has none of this logical id. */
  queue(logicalId: string): Pick<Queue, "request">;
  /** What lies in buckets, without any check of roles. */
  objects: ObjectStore;
  apiKey: string;
  /** Of a subject `demo` that may do everything. */
  token: string;
  tokenSecret: string;
  mintToken(claims: Claims): Promise<string>;
  stack: Stack;
  logs: Logs;
  faults: Faults;
  /** What was put on buses of EventBridge. */
  events: Pick<RecordedEvents, "all" | "first">;
  /** Runs of functions, with the calls that each made to AWS. */
  invocations: readonly Invocation[];
  /** Ends everything; with `disk` the data stay. */
  close(): Promise<void>;
}

const root = fileURLToPath(new URL("../..", import.meta.url));
const demo = { sub: "demo", rooms: ["*"], publish: ["*"], expiresInSeconds: 30 * 86_400 };

/**
 * Runs the synthesized stack.
 *
 * @throws if the port is taken, the CDK app fails, or the template has what this runtime cannot run as AWS would
 */
export async function startLocal(options: LocalOptions = {}): Promise<Local> {
  const closers: (() => Promise<void>)[] = [];
  const close = async () => {
    for (const closer of closers.splice(0).reverse()) await closer();
  };
  try {
    return { ...(await open(options, closers)), close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function open(options: LocalOptions, closers: (() => Promise<void>)[]): Promise<Omit<Local, "close">> {
  const { clock = realClock, data = "memory", edit, environmentsMax = 16, show } = options;
  const kept = data === "disk" ? join(root, ".local", "data") : undefined;
  const logs = createLogs(show);
  const toLog = (source: string) => (line: string) => logs.add(source, line);
  const faults = noFaults();

  // First of all, so that a taken port is known at once.
  const frontServer = await startFrontServer(options.port ?? 0);
  closers.push(frontServer.close);
  const databaseStarts = startOrConnect(kept && join(kept, "tables"));
  closers.push(async () => (await databaseStarts.catch(() => undefined))?.close());
  const sqs = process.env.SQS_ENDPOINT ? connectSqs(process.env.SQS_ENDPOINT) : startSqs(clock);
  closers.push(sqs.close);
  const [folder, database] = await Promise.all([options.assembly ?? synthesize(root), databaseStarts]);

  const assembly = readAssembly(folder);
  edit?.(assembly.template);
  addGeneratedValues(assembly.template, kept && join(kept, "made-up-values.json"));
  const stack = resolveStack(assembly);
  const queues = createQueues(stack, sqs);
  await createTables(stack, database);

  const iam = createIam(stack);
  const invocations = createInvocations(faults);
  const recursionGuard = createRecursionGuard(invocations.chainOf);
  const events = recordEvents(toLog("events"));
  const services = {
    DynamoDB_20120810: dynamoDbService(stack, database),
    secretsmanager: secretsManagerService(stack),
    AmazonSQS: sqsService(stack, queues, recursionGuard),
    AWSEvents: eventBridgeService(stack, events),
  };
  const aws = await startAwsEndpoint({ iam, invocations, services });
  closers.push(aws.close);
  const objects = openObjectStore(kept && join(kept, "objects"));
  const s3 = await startS3Server({ stack, objects, iam, invocations });
  closers.push(s3.close);
  const serviceUrls = { gateway: `http://127.0.0.1:${frontServer.port}`, aws: aws.url, s3: s3.url };
  const lambda = createLambda({ stack, serviceUrls, credentialsOf: iam.principalOfFunction, logs, invocations, environmentsMax });
  closers.push(lambda.close);
  const mappings = startMappings({ stack, queues, recursionGuard, lambda, iam, clock, faults, log: toLog("queues") });
  closers.push(mappings.close);
  const gateway = createGateway({ stack, lambda, iam, calls: invocations, clock, faults, log: toLog("gateway") });
  closers.push(gateway.close);

  const tokenSecret = String(one(stack, "AWS::SecretsManager::Secret").SecretString);
  const origin = `localhost:${frontServer.port}`;
  const endpoints = {
    webSocketUrl: `ws://${origin}/${one(stack, "AWS::ApiGatewayV2::Stage").StageName}`,
    restUrl: `http://${origin}/${one(stack, "AWS::ApiGateway::Stage").StageName}`,
    consoleUrl: `http://${origin}/`,
    apiKey: String(one(stack, "AWS::ApiGateway::ApiKey").Value),
    token: await mintToken(tokenSecret, demo),
  };
  const page = createConsoleServer(join(root, "console"), endpoints);
  closers.push(page.close);
  frontServer.serve(gateway, page);
  return {
    ...endpoints,
    databaseUrl: database.url,
    queue: (logicalId) => {
      const queue = queues.find(stack.arn(logicalId));
      if (!queue) throw new Error(`the template has no queue ${logicalId}`);
      return queue;
    },
    objects,
    tokenSecret,
    mintToken: (claims) => mintToken(tokenSecret, claims),
    stack,
    logs,
    faults,
    events,
    invocations: invocations.all,
  };
}

const startOrConnect = async (folder: string | undefined) => {
  const url = process.env.DYNAMODB_ENDPOINT;
  return url ? connectDatabase(url) : startDatabase(folder);
};

/** Properties of the one resource of this type. */
function one(stack: Stack, type: string): Resource["properties"] {
  const [only, ...others] = stack.ofType(type);
  if (only && others.length === 0) return only.properties;
  throw new Error(`the template should have one ${type}, got ${others.length + (only ? 1 : 0)}`);
}
