import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { openGateway } from "../api-gateway/gateway.ts";
import { createTables } from "../dynamodb/create-tables.ts";
import { connectDatabase, startDatabase } from "../dynamodb/database.ts";
import { dynamoDb } from "../dynamodb/service.ts";
import { type Events, openEvents } from "../eventbridge/recorded-events.ts";
import { eventBridge } from "../eventbridge/service.ts";
import { openIam } from "../iam/iam.ts";
import { openMappings } from "../lambda/event-source/mappings.ts";
import { openChains } from "../lambda/event-source/recursion-guard.ts";
import { openLambda } from "../lambda/functions.ts";
import { type Objects, openObjects } from "../s3/object-store.ts";
import { openS3 } from "../s3/server.ts";
import { secretsManager } from "../secrets-manager/service.ts";
import { openQueues, type Queue } from "../sqs/queues.ts";
import { connectSqs, startSqs } from "../sqs/server.ts";
import { simpleQueueService } from "../sqs/service.ts";
import { readAssembly, type Template } from "../template/assembly.ts";
import { makeStack, type Resource, type Stack } from "../template/stack.ts";
import { synthesize } from "../template/synthesize.ts";
import { type Clock, realClock } from "../world/clock.ts";
import { type Faults, noFaults } from "../world/faults.ts";
import { type Invocation, openInvocations } from "../world/invocations.ts";
import { type LogLine, type Logs, makeLogs } from "../world/logs.ts";
import { openAws } from "./aws-endpoint.ts";
import { openConsole } from "./console-server.ts";
import { listen } from "./front-server.ts";
import { makeUpValues } from "./generated-values.ts";
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
  objects: Objects;
  apiKey: string;
  /** Of a subject `demo` that may do everything. */
  token: string;
  tokenSecret: string;
  mintToken(claims: Claims): Promise<string>;
  stack: Stack;
  logs: Logs;
  faults: Faults;
  /** What was put on buses of EventBridge. */
  events: Pick<Events, "all" | "first">;
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
  const logs = makeLogs(show);
  const toLog = (source: string) => (line: string) => logs.add(source, line);
  const faults = noFaults();

  // First of all, so that a taken port is known at once.
  const front = await listen(options.port ?? 0);
  closers.push(front.close);
  const databaseStarts = startOrConnect(kept && join(kept, "tables"));
  closers.push(async () => (await databaseStarts.catch(() => undefined))?.close());
  const sqs = process.env.SQS_ENDPOINT ? connectSqs(process.env.SQS_ENDPOINT) : startSqs(clock);
  closers.push(sqs.close);
  const [folder, database] = await Promise.all([options.assembly ?? synthesize(root), databaseStarts]);

  const assembly = readAssembly(folder);
  edit?.(assembly.template);
  makeUpValues(assembly.template, kept && join(kept, "made-up-values.json"));
  const stack = makeStack(assembly);
  const queues = openQueues(stack, sqs);
  await createTables(stack, database);

  const iam = openIam(stack);
  const invocations = openInvocations(faults);
  const chains = openChains(invocations.chainOf);
  const events = openEvents(toLog("events"));
  const services = {
    DynamoDB_20120810: dynamoDb(stack, database),
    secretsmanager: secretsManager(stack),
    AmazonSQS: simpleQueueService(stack, queues, chains),
    AWSEvents: eventBridge(stack, events),
  };
  const aws = await openAws({ iam, invocations, services });
  closers.push(aws.close);
  const objects = openObjects(kept && join(kept, "objects"));
  const s3 = await openS3({ stack, objects, iam, invocations });
  closers.push(s3.close);
  const addresses = { gateway: `http://127.0.0.1:${front.port}`, aws: aws.url, s3: s3.url };
  const lambda = openLambda({ stack, addresses, credentialsOf: iam.ofFunction, logs, invocations, environmentsMax });
  closers.push(lambda.close);
  const mappings = openMappings({ stack, queues, chains, lambda, iam, clock, faults, log: toLog("queues") });
  closers.push(mappings.close);
  const gateway = openGateway({ stack, lambda, iam, calls: invocations, clock, faults, log: toLog("gateway") });
  closers.push(gateway.close);

  const tokenSecret = String(one(stack, "AWS::SecretsManager::Secret").SecretString);
  const origin = `localhost:${front.port}`;
  const endpoints = {
    webSocketUrl: `ws://${origin}/${one(stack, "AWS::ApiGatewayV2::Stage").StageName}`,
    restUrl: `http://${origin}/${one(stack, "AWS::ApiGateway::Stage").StageName}`,
    consoleUrl: `http://${origin}/`,
    apiKey: String(one(stack, "AWS::ApiGateway::ApiKey").Value),
    token: await mintToken(tokenSecret, demo),
  };
  const page = openConsole(join(root, "console"), endpoints);
  closers.push(page.close);
  front.serve(gateway, page);
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
