import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { createTables } from "../dynamodb/create-tables.ts";
import { connectDatabase, type Database, startDatabase } from "../dynamodb/database.ts";
import type { RecordedEvents } from "../eventbridge/recorded-events.ts";
import type { ObjectStore } from "../s3/object-store.ts";
import { createQueues, type Queue, type Queues } from "../sqs/queues.ts";
import { connectSqs, type SqsServer, startSqs } from "../sqs/server.ts";
import { readAssembly, type Template } from "../template/assembly.ts";
import { type Resource, resolveStack, type Stack } from "../template/stack.ts";
import { synthesize } from "../template/synthesize.ts";
import { type Clock, realClock } from "../world/clock.ts";
import { type Faults, noFaults } from "../world/faults.ts";
import type { Invocation } from "../world/invocations.ts";
import { createLogs, type LogLine, type Logs } from "../world/logs.ts";
import { createConsoleServer } from "./console-server.ts";
import type { Endpoints } from "./endpoints-file.ts";
import { startFrontServer } from "./front-server.ts";
import { addGeneratedValues } from "./generated-values.ts";
import { type Claims, mintToken } from "./mint-token.ts";
import { startServices } from "./services.ts";

export interface LocalOptions {
  /** @default any free port */
  port?: number;
  /**
   * `disk` keeps tables, objects, API key and secrets in `.local/data/`. Queue messages are always in memory.
   *
   * @default "memory"
   */
  data?: "memory" | "disk";
  /** Edits the template before it runs, for example to remove a route, a grant or a variable. */
  edit?: (template: Template) => void;
  /** Folder of an existing cloud assembly. @default synthesized from the sources */
  assembly?: string;
  /**
   * The time of API Gateway (idle connections, throttles) and SQS (delays, visibility).
   *
   * @default the machine's clock
   */
  clock?: Clock;
  /** Called with each log line of the functions and services. */
  onLogLine?: (line: LogLine) => void;
  /**
   * Execution environments for each function, at most; further events wait.
   *
   * @default 16
   */
  maxEnvironments?: number;
}

/** The running stack on this machine. */
export interface Local extends Endpoints {
  /** The database without a check of permissions, to inspect the tables. */
  databaseUrl: string;
  /** A queue without a check of permissions. Throws if the template has no queue of this logical id. */
  queue(logicalId: string): Pick<Queue, "request">;
  /** The objects of all buckets, without a check of permissions. */
  objects: ObjectStore;
  mintToken(claims: Claims): Promise<string>;
  stack: Stack;
  logs: Logs;
  faults: Faults;
  /** The events that functions put on EventBridge buses. */
  events: Pick<RecordedEvents, "all" | "first">;
  /** The invocations of functions, with the calls to AWS of each. */
  invocations: readonly Invocation[];
  /** Stops everything. Data on disk stay. */
  close(): Promise<void>;
}

/** Functions that close what was started. They run in reverse order. */
type Closers = (() => Promise<void>)[];

const root = fileURLToPath(new URL("../..", import.meta.url));
const demoClaims = { sub: "demo", rooms: ["*"], publish: ["*"], expiresInSeconds: 30 * 86_400 };

/**
 * Runs the synthesized stack on this machine.
 *
 * @throws if the port is in use, the CDK app fails, or the template uses a feature that the local runtime does not
 *   support
 */
export async function startLocal(options: LocalOptions = {}): Promise<Local> {
  const closers: Closers = [];
  const close = async () => {
    for (const closer of closers.splice(0).reverse()) await closer();
  };
  try {
    return { ...(await start(options, closers)), close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function start(options: LocalOptions, closers: Closers): Promise<Omit<Local, "close">> {
  const { clock = realClock, data = "memory", maxEnvironments = 16 } = options;
  const dataFolder = data === "disk" ? join(root, ".local", "data") : undefined;
  const logs = createLogs(options.onLogLine);
  const faults = noFaults();

  // The port comes first, so that a port in use is reported before anything else starts.
  const frontServer = await startFrontServer(options.port ?? 0);
  closers.push(frontServer.close);
  const { stack, database, queues } = await deploy(options, { clock, dataFolder, closers });
  const { gateway, objects, events, invocations } = await startServices({
    ...{ stack, database, queues, maxEnvironments, clock, faults, logs, closers },
    gatewayUrl: `http://127.0.0.1:${frontServer.port}`,
    objectsFolder: dataFolder && join(dataFolder, "objects"),
  });

  const tokenSecret = String(onlyResource(stack, "AWS::SecretsManager::Secret").SecretString);
  const endpoints = await endpointsOf(stack, frontServer.port, tokenSecret);
  const page = createConsoleServer(join(root, "console"), endpoints);
  closers.push(page.close);
  frontServer.serve(gateway, page);
  return {
    ...endpoints,
    ...{ tokenSecret, stack, logs, faults, events, objects },
    databaseUrl: database.url,
    queue: (logicalId) => findQueue(stack, queues, logicalId),
    mintToken: (claims) => mintToken(tokenSecret, claims),
    invocations: invocations.all,
  };
}

interface DeployOptions {
  clock: Clock;
  dataFolder: string | undefined;
  closers: Closers;
}

/** Does the work of `cdk deploy`: synthesizes the template, resolves it, and creates tables and queues. */
async function deploy(
  { assembly: assemblyFolder, edit }: LocalOptions,
  { clock, dataFolder, closers }: DeployOptions,
): Promise<{ stack: Stack; database: Database; queues: Queues }> {
  const databaseStarts = openDatabase(dataFolder && join(dataFolder, "tables"));
  closers.push(async () => (await databaseStarts.catch(() => undefined))?.close());
  const sqs = openSqs(clock);
  closers.push(sqs.close);
  const [folder, database] = await Promise.all([assemblyFolder ?? synthesize(root), databaseStarts]);

  const assembly = readAssembly(folder);
  edit?.(assembly.template);
  addGeneratedValues(assembly.template, dataFolder && join(dataFolder, "generated-values.json"));
  const stack = resolveStack(assembly);
  const queues = createQueues(stack, sqs);
  await createTables(stack, database);
  return { stack, database, queues };
}

async function openDatabase(folder: string | undefined): Promise<Database> {
  const url = process.env.DYNAMODB_ENDPOINT;
  return url ? connectDatabase(url) : startDatabase(folder);
}

function openSqs(clock: Clock): SqsServer {
  const url = process.env.SQS_ENDPOINT;
  return url ? connectSqs(url) : startSqs(clock);
}

async function endpointsOf(stack: Stack, port: number, tokenSecret: string): Promise<Omit<Endpoints, "tokenSecret">> {
  const host = `localhost:${port}`;
  return {
    webSocketUrl: `ws://${host}/${onlyResource(stack, "AWS::ApiGatewayV2::Stage").StageName}`,
    restUrl: `http://${host}/${onlyResource(stack, "AWS::ApiGateway::Stage").StageName}`,
    consoleUrl: `http://${host}/`,
    apiKey: String(onlyResource(stack, "AWS::ApiGateway::ApiKey").Value),
    token: await mintToken(tokenSecret, demoClaims),
  };
}

function findQueue(stack: Stack, queues: Queues, logicalId: string): Queue {
  const queue = queues.find(stack.arn(logicalId));
  if (!queue) throw new Error(`the template has no queue ${logicalId}`);
  return queue;
}

/** The properties of the only resource of a type. */
function onlyResource(stack: Stack, type: string): Resource["properties"] {
  const [only, ...others] = stack.ofType(type);
  if (only && others.length === 0) return only.properties;
  throw new Error(`the template should have one ${type}, got ${others.length + (only ? 1 : 0)}`);
}
