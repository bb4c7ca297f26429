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
  /** File name in lambdas/ without extension. */
  readonly entry: string;
  readonly description: string;
  readonly environment: Record<string, string>;
  /** In MB. The CPU share grows with it; 1,769 MB are one whole CPU. */
  readonly memorySize: number;
  readonly timeout: Duration;
  /** @default - Lambda stops a loop between the function and a queue after about 16 hops */
  readonly recursiveLoop?: RecursiveLoop;
}

/** A function of lambdas/ with its own log group and role. The role only allows writing to this log group. */
export function lambdaFunction(scope: Construct, id: string, props: LambdaFunctionProps): LambdaFunction {
  const { entry, environment, logRetention, removalPolicy, ...rest } = props;
  const logGroup = new LogGroup(scope, `${id}Log`, { retention: logRetention, removalPolicy });
  const role = new Role(scope, `${id}Role`, { assumedBy: new ServicePrincipal("lambda.amazonaws.com") });
  role.addToPolicy(
    // AWSLambdaBasicExecutionRole would allow writing to every log group of the account.
    new PolicyStatement({
      actions: ["logs:CreateLogStream", "logs:PutLogEvents"],
      resources: [logGroup.logGroupArn],
    }),
  );
  return new LambdaFunction(scope, id, {
    ...rest,
    // Costs 20 ms of a cold start. Stack traces name lines of lambdas/ in place of index.mjs:1:23049.
    environment: { NODE_OPTIONS: "--enable-source-maps", ...environment },
    code: bundledCode(entry),
    handler: "index.handler",
    runtime: Runtime.NODEJS_24_X,
    architecture: Architecture.ARM_64,
    role,
    logGroup,
    loggingFormat: LoggingFormat.JSON,
    // START, END and REPORT lines of every frame would cost more than the function's own logs.
    systemLogLevelV2: SystemLogLevel.WARN,
  });
}
