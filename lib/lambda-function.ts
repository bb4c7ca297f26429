import type { Duration, RemovalPolicy } from "aws-cdk-lib";
import { PolicyStatement, Role, ServicePrincipal } from "aws-cdk-lib/aws-iam";
import {
  Architecture,
  Function as LambdaFunction,
  LoggingFormat,
  type RecursiveLoop,
  Runtime,
  SystemLogLevel,
} from "aws-cdk-lib/aws-lambda";
import { LogGroup, type RetentionDays } from "aws-cdk-lib/aws-logs";
import type { Construct } from "constructs";
import { bundledCode } from "./bundled-code.ts";

export interface LogProps {
  readonly logRetention: RetentionDays;
  readonly removalPolicy: RemovalPolicy;
}

export interface LambdaFunctionProps extends LogProps {
  /** Name of the file in lambdas/, without its ending. */
  readonly entry: string;
  readonly description: string;
  readonly environment: Record<string, string>;
  /** MB; the share of a CPU grows with it, and 1,769 are one whole. */
  readonly memorySize: number;
  readonly timeout: Duration;
  /** @default - Lambda ends a loop of the function and a queue by itself, after about 16 rounds */
  readonly recursiveLoop?: RecursiveLoop;
}

/** A function of lambdas/ with a log group and a role of its own, which may write that log and nothing else. */
export function lambdaFunction(scope: Construct, id: string, props: LambdaFunctionProps): LambdaFunction {
  const { entry, environment, logRetention, removalPolicy, ...rest } = props;
  const logGroup = new LogGroup(scope, `${id}Log`, { retention: logRetention, removalPolicy });
  const role = new Role(scope, `${id}Role`, { assumedBy: new ServicePrincipal("lambda.amazonaws.com") });
  role.addToPolicy(
    // AWSLambdaBasicExecutionRole would allow every log group of the account.
    new PolicyStatement({
      actions: ["logs:CreateLogStream", "logs:PutLogEvents"],
      resources: [logGroup.logGroupArn],
    }),
  );
  return new LambdaFunction(scope, id, {
    ...rest,
    // 20 ms of a cold start buy stack traces in the words of lambdas/ in place of index.mjs:1:23049.
    environment: { NODE_OPTIONS: "--enable-source-maps", ...environment },
    code: bundledCode(entry),
    handler: "index.handler",
    runtime: Runtime.NODEJS_24_X,
    architecture: Architecture.ARM_64,
    role,
    logGroup,
    loggingFormat: LoggingFormat.JSON,
    // START, END and REPORT of every frame would cost more than what the function itself logs.
    systemLogLevelV2: SystemLogLevel.WARN,
  });
}
