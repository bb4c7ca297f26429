import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { readAssembly, type Template } from "./assembly.ts";
import { openAws } from "./aws/open-aws.ts";
import { type Clock, realClock } from "./clock.ts";
import { openConsole } from "./console.ts";
import { createTables } from "./data/create-tables.ts";
import { makeUpValues } from "./data/make-up-values.ts";
import { connectDatabase, startDatabase } from "./data/open-database.ts";
import { type Faults, noFaults } from "./gateway/faults.ts";
import { openGateway } from "./gateway/open-gateway.ts";
import { openIam } from "./iam/open-iam.ts";
import { openLambda } from "./lambda/open-lambda.ts";
import { listen } from "./listen.ts";
import { type LogLine, type Logs, makeLogs } from "./logs.ts";
import { type Claims, mintToken } from "./mint-token.ts";
import { makeStack, type Resource, type Stack } from "./stack.ts";
import { synthesize } from "./synthesize.ts";

export interface LocalOptions {
  /** @default any free one */
  port?: number;
  /**
   * `disk` keeps tables, API key and secrets under `.local/data/`.
   *
   * @default "memory"
   */
  data?: "memory" | "disk";
  /** Changes the template before it is run: what would happen without this route, that grant? */
  edit?: (template: Template) => void;
  /** Folder of a cloud assembly that exists already. @default synthesized from the sources */
  assembly?: string;
  /** Time of the gateway: idle connections, throttles. @default the machine's */
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
  apiKey: string;
  /** Of a subject `demo` that may do everything. */
  token: string;
  tokenSecret: string;
  mintToken(claims: Claims): Promise<string>;
  stack: Stack;
  logs: Logs;
  faults: Faults;
  /** Ends everything; with `disk` the data stay. */
  close(): Promise<void>;
}

const root = fileURLToPath(new URL("..", import.meta.url));
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
  const faults = noFaults();

  // First of all, so that a taken port is known at once.
  const front = await listen(options.port ?? 0);
  closers.push(front.close);
  const databaseStarts = startOrConnect(kept && join(kept, "tables"));
  closers.push(async () => (await databaseStarts.catch(() => undefined))?.close());
  const [folder, database] = await Promise.all([options.assembly ?? synthesize(root), databaseStarts]);

  const assembly = readAssembly(folder);
  edit?.(assembly.template);
  makeUpValues(assembly.template, kept && join(kept, "made-up-values.json"));
  const stack = makeStack(assembly);
  await createTables(stack, database);

  const iam = openIam(stack);
  const aws = await openAws({ stack, iam, database });
  closers.push(aws.close);
  const addresses = { gateway: `http://127.0.0.1:${front.port}`, aws: aws.url };
  const lambda = openLambda({ stack, addresses, credentialsOf: iam.ofFunction, logs, environmentsMax });
  closers.push(lambda.close);
  const gateway = openGateway({ stack, lambda, iam, clock, faults, log: (line) => logs.add("gateway", line) });
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
    tokenSecret,
    mintToken: (claims) => mintToken(tokenSecret, claims),
    stack,
    logs,
    faults,
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
